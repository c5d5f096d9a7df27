import test from 'ava';
import fc from 'fast-check';
import { EtherType } from './ethernet.js';
import { decodeGre, encodeGre, type GreHeader, greBytes } from './gre.js';
import { assertHarmless, assertRoundTrip, bytesOf, uint } from './test-support/codec-laws.js';

test('checksum, key and sequence number stand in this order', (t) => {
  t.deepEqual(decodeGre(bytesOf('b000 0800 abcd0000 00000007 00000009')), {
    ok: true,
    header: { protocol: EtherType.ipv4, checksum: 0xabcd, key: 7, sequence: 9 },
    payloadOffset: 16,
  });
});

test('what encodeGre() writes, decodeGre() reads back', (t) => {
  const header = fc.record(
    { protocol: uint(16), checksum: uint(16), key: uint(32), sequence: uint(32) },
    { requiredKeys: ['protocol'] },
  ) as fc.Arbitrary<GreHeader>;
  assertRoundTrip(t, header, {
    bytes: greBytes,
    encode: encodeGre,
    decode: (bytes, offset) => {
      const decoded = decodeGre(bytes, offset);
      return decoded.ok ? decoded.header : decoded;
    },
  });
});

for (const [title, hex] of [
  ['routing', '4000 0800'],
  ['version 1', '0001 0800'],
  ['a reserved bit', '0400 0800'],
] as const) {
  test(`${title} is malformed`, (t) => {
    t.deepEqual(decodeGre(bytesOf(hex)), { ok: false, reason: 'malformed' });
  });
}

test('decodeGre() throws at nothing, and calls each cut truncated', (t) => {
  assertHarmless(t, decodeGre, bytesOf('b000 0800 abcd0000 00000007 00000009'));
});
