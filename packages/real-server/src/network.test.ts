import test from 'ava';
import { parseNetwork } from './network.js';

const networks: readonly (readonly [string, number, string])[] = [
  ['10.0.0.0/8', 104, '00000000000000000000ffff0a000000'],
  ['0.0.0.0/0', 96, '00000000000000000000ffff00000000'],
  ['192.0.2.1', 128, '00000000000000000000ffffc0000201'],
  ['fd00::/8', 8, 'fd000000000000000000000000000000'],
  ['::/0', 0, '00000000000000000000000000000000'],
  ['2001:db8::1', 128, '20010db8000000000000000000000001'],
];
for (const [text, bits, hex] of networks) {
  test(`${text} is a network of ${bits} bits of 128`, (t) => {
    const network = parseNetwork(text);
    t.is(network?.bits, bits);
    t.is(Buffer.from(network?.address ?? []).toString('hex'), hex);
  });
}

for (const text of [
  '10.0.0.0/33',
  'fd00::/129',
  '10.0.0/8',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  '10.0.0.0/-1',
  '10.0.0.0/ 8',
  '',
]) {
  test(`"${text}" is no network`, (t) => {
    t.is(parseNetwork(text), undefined);
  });
}
