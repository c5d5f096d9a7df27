import test from 'ava';
import { flowHash, rowOf } from './flow-hash.js';
import { addressToBytes } from './ip-address.js';

const flow = (address: string, sourcePort: number) =>
  flowHash({ seed: 7n, source: addressToBytes(address), sourcePort, destinationPort: 80 });

test('hashes are those of bpf/lib/hash.h, compiled for this machine', (t) => {
  t.is(flow('192.0.2.10', 1234), 1283433584);
  t.is(flow('2001:db8:c::10', 1234), 4226905078);
  t.is(
    flowHash({
      seed: 0xffffffffffffffffn,
      source: addressToBytes('255.255.255.255'),
      sourcePort: 65535,
      destinationPort: 65535,
    }),
    1853105718,
  );
});

/** Sum of squared deviations from an even spread over 64 groups, in units of its expectation: about 1. */
function unevenness(hashes: Iterable<number>): number {
  const groups = new Array<number>(64).fill(0);
  let count = 0;
  for (const hash of hashes) {
    const group = rowOf(hash, 64);
    groups[group] = (groups[group] as number) + 1;
    count++;
  }
  const fair = count / 64;
  return groups.reduce((sum, size) => sum + (size - fair) ** 2 / fair, 0) / 63;
}

const spreads: readonly (readonly [string, (i: number) => number])[] = [
  ['consecutive ports', (i) => flow('192.0.2.10', 1024 + i)],
  ['consecutive IPv4 addresses', (i) => flow(`10.1.${i >> 8}.${i & 255}`, 40000)],
  ['consecutive IPv6 addresses', (i) => flow(`2001:db8::${i.toString(16)}`, 40000)],
  ['consecutive IPv6 networks', (i) => flow(`2001:db8:${i.toString(16)}::1`, 40000)],
];
for (const [title, hashAt] of spreads) {
  test(`${title} spread evenly`, (t) => {
    // 63 degrees of freedom: beyond 1.7 is less likely than 1 in 1,000.
    t.true(unevenness(Array.from({ length: 16_384 }, (_, i) => hashAt(i))) < 1.7);
  });
}

test('a row is below the number of rows, from the lowest hash to the highest', (t) => {
  t.is(rowOf(0, 65_537), 0);
  t.is(rowOf(0xffff_ffff, 65_537), 65_536);
  t.is(rowOf(0x8000_0000, 65_537), 32_768);
});
