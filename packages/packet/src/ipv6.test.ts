import test from 'ava';
import fc from 'fast-check';
import { decodeIpv6, encodeIpv6, IPV6_BYTES, walkIpv6Extensions } from './ipv6.js';
import { assertHarmless, assertRoundTrip, bytesOf, bytesOfLength, uint } from './test-support/codec-laws.js';

const syn = bytesOf(
  '62a000000014064020010db8000c00000000000000000010 20010db8010000000000000000000010 04d200500000000100000000500220002e220000',
);

test('a header of scapy is read', (t) => {
  const decoded = decodeIpv6(syn);
  t.like(decoded, {
    ok: true,
    payloadOffset: 40,
    header: { trafficClass: 0x2a, flowLabel: 0, payloadBytes: 20, nextHeader: 6, hopLimit: 64 },
  });
});

test('what encodeIpv6() writes, decodeIpv6() reads back', (t) => {
  const header = fc.record({
    trafficClass: uint(8),
    flowLabel: uint(20),
    payloadBytes: fc.constant(0),
    nextHeader: uint(8),
    hopLimit: uint(8),
    source: bytesOfLength(16),
    destination: bytesOfLength(16),
  });
  assertRoundTrip(t, header, {
    bytes: () => IPV6_BYTES,
    encode: encodeIpv6,
    decode: (bytes, offset) => {
      const decoded = decodeIpv6(bytes, offset);
      return decoded.ok ? decoded.header : decoded;
    },
  });
});

test('the walk passes hop-by-hop and destination options and finds TCP', (t) => {
  const chain = bytesOf('3c01 000000000000 0000000000000000 0600 000000000000 04d20050');
  t.deepEqual(walkIpv6Extensions(chain, 0, 0), { ok: true, transport: { protocol: 6, offset: 24 } });
});

test('a first fragment is followed to its transport header, a later one is not', (t) => {
  const first = bytesOf('1100 0001 00000001 0035');
  t.deepEqual(walkIpv6Extensions(first, 44, 0), {
    ok: true,
    transport: { protocol: 17, offset: 8, fragment: { offset: 0, more: true } },
  });
  const later = bytesOf('3c00 05a8 00000001 ffff');
  t.deepEqual(walkIpv6Extensions(later, 44, 0), {
    ok: true,
    transport: { protocol: 60, offset: 8, fragment: { offset: 1448, more: false } },
  });
});

test('a chain of many headers is malformed, and one that leaves the packet is truncated', (t) => {
  const endless = new Uint8Array(1024);
  t.deepEqual(walkIpv6Extensions(endless, 0, 0), { ok: false, reason: 'malformed' });
  t.deepEqual(walkIpv6Extensions(bytesOf('06ff 000000000000'), 0, 0), { ok: false, reason: 'truncated' });
});

test('decodeIpv6() throws at nothing, and calls each cut truncated', (t) => {
  assertHarmless(t, decodeIpv6, syn);
  assertHarmless(
    t,
    (bytes, offset) => walkIpv6Extensions(bytes, 0, offset),
    bytesOf('3c00 000000000000 0600 000000000000'),
  );
});
