import { readFileSync, rmSync } from 'node:fs';
import test from 'ava';
import { runDifferentially } from './differential-run.js';
import type { Outcome } from './engine-under-test.js';
import { PortableUnderTest } from './portable-under-test.js';

const ifindexOf = (name: string) => (name === 'eth0' ? 2 : 3);
const seed = 1;

test('an engine agrees with itself', async (t) => {
  const report = await runDifferentially(new PortableUnderTest(ifindexOf), new PortableUnderTest(ifindexOf), {
    packets: 2000,
    seed,
  });
  t.is(report.failure, undefined);
  t.true(report.packets >= 2000);
});

/** Forgets to take a hop off what it tunnels by GRE. */
class OneHopTooMany extends PortableUnderTest {
  override run(frame: Uint8Array): Outcome {
    const outcome = super.run(frame);
    if (outcome.action === 'transmit' && outcome.frame[23] === 47) outcome.frame[46] = 64;
    return outcome;
  }
}

test('an engine with a fault is found out, and the shortest way to it is kept as a capture', async (t) => {
  const report = await runDifferentially(new PortableUnderTest(ifindexOf), new OneHopTooMany(ifindexOf), {
    packets: 100_000,
    seed,
  });
  const path = /its frames: (\S+)/.exec(report.failure ?? '')?.[1] ?? '';
  const capture = readFileSync(path);
  rmSync(path);
  t.is(capture.subarray(0, 4).toString('hex'), 'a1b2c3d4');
  // One packet, and what each engine made of it.
  t.regex(report.failure ?? '', /differ in outcome at step 0/);
});
