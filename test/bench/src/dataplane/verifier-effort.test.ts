import test from 'ava';
import { measureVerifierEffort } from './verifier-effort.js';

const testAsRoot = process.getuid?.() === 0 ? test : test.skip;

testAsRoot('the kernel tells what each program took, and the one for seldom packets took more than the clock', (t) => {
  const efforts = Object.fromEntries(measureVerifierEffort().map(({ program, processed }) => [program, processed]));
  t.deepEqual(Object.keys(efforts), ['weir', 'weir_seldom', 'start_clock']);
  t.true((efforts.weir_seldom as number) > (efforts.start_clock as number));
});
