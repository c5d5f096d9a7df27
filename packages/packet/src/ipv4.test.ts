import test from 'ava';
import fc from 'fast-check';
import { decodeIpv4, encodeIpv4, ipv4Bytes } from './ipv4.js';
import {
  assertHarmless,
  assertRoundTrip,
  bytesOf,
  bytesOfLength,
  hexOf,
  uint,
  words,
} from './test-support/codec-laws.js';

/** As scapy writes it. */
const syn = bytesOf('452a0028000700004006 8e57 c000020a c633640a 04d20050000000010000000050022000 9e770000');

test('a header of scapy is read, and written the same', (t) => {
  const decoded = decodeIpv4(syn);
  if (!decoded.ok) return t.fail(decoded.reason);
  t.true(decoded.checksumOk);
  t.is(decoded.payloadOffset, 20);
  t.like(decoded.header, {
    trafficClass: 0x2a,
    totalBytes: 40,
    identification: 7,
    ttl: 64,
    protocol: 6,
    fragmentOffset: 0,
  });
  const bytes = new Uint8Array(20);
  encodeIpv4(decoded.header, bytes);
  t.is(hexOf(bytes), hexOf(syn.subarray(0, 20)));
});

test('what encodeIpv4() writes, decodeIpv4() reads back, with a right checksum', (t) => {
  const header = words(10).chain((options) =>
    fc.record({
      trafficClass: uint(8),
      totalBytes: fc.constant(20 + options.byteLength),
      identification: uint(16),
      dontFragment: fc.boolean(),
      moreFragments: fc.boolean(),
      fragmentOffset: uint(13).map((units) => units * 8),
      ttl: uint(8),
      protocol: uint(8),
      source: bytesOfLength(4),
      destination: bytesOfLength(4),
      options: fc.constant(options),
    }),
  );
  assertRoundTrip(t, header, {
    bytes: ipv4Bytes,
    encode: encodeIpv4,
    decode: (bytes, offset) => {
      const decoded = decodeIpv4(bytes, offset);
      return decoded.ok && decoded.checksumOk ? decoded.header : decoded;
    },
  });
});

for (const [title, byte, value] of [
  ['another version', 0, 0x55],
  ['a header shorter than 20 bytes', 0, 0x44],
  ['a total length shorter than the header', 3, 19],
] as const) {
  test(`${title} is malformed`, (t) => {
    const bytes = syn.slice();
    bytes[byte] = value;
    t.deepEqual(decodeIpv4(bytes), { ok: false, reason: 'malformed' });
  });
}

test('a wrong checksum is told', (t) => {
  const bytes = syn.slice();
  bytes[8] = 63;
  t.like(decodeIpv4(bytes), { ok: true, checksumOk: false });
});

test('options that the header length cannot tell are refused', (t) => {
  const decoded = decodeIpv4(syn);
  if (!decoded.ok) return t.fail(decoded.reason);
  for (const length of [3, 44]) {
    const header = { ...decoded.header, options: new Uint8Array(length) };
    t.throws(() => encodeIpv4(header, new Uint8Array(100)), { message: /0 to 40 bytes, in words of 4/ });
  }
});

test('decodeIpv4() throws at nothing, and calls each cut truncated', (t) => {
  assertHarmless(t, decodeIpv4, syn);
});
