import test from 'ava';
import fc from 'fast-check';
import { assertHarmless, assertRoundTrip, bytesOf, hexOf, uint } from './test-support/codec-laws.js';
import { decodeUdp, encodeUdp, setUdpChecksum, UDP_BYTES } from './udp.js';

/** As scapy writes it, between 192.0.2.10 and 198.51.100.10. */
const datagram = bytesOf('04d200350009968c 78');

test('the checksum of a datagram of odd length is that of scapy', (t) => {
  const bytes = datagram.slice();
  bytes.fill(0, 6, 8);
  setUdpChecksum(bytes, 0, bytesOf('c000020a'), bytesOf('c633640a'));
  t.is(hexOf(bytes), hexOf(datagram));
});

test('a checksum that comes out as 0 is sent as ffff', (t) => {
  const bytes = new Uint8Array(UDP_BYTES + 2);
  encodeUdp({ sourcePort: 0, destinationPort: 0, bytes: 10, checksum: 0 }, bytes);
  const zero = new Uint8Array(4);
  // Protocol 17, twice a length of 10, and a payload that makes the sum ffff.
  new DataView(bytes.buffer).setUint16(8, 0xffff - 17 - 10 - 10);
  setUdpChecksum(bytes, 0, zero, zero);
  t.is(new DataView(bytes.buffer).getUint16(6), 0xffff);
});

test('what encodeUdp() writes, decodeUdp() reads back', (t) => {
  const header = fc.record({
    sourcePort: uint(16),
    destinationPort: uint(16),
    bytes: fc.constant(8),
    checksum: uint(16),
  });
  assertRoundTrip(t, header, {
    bytes: () => UDP_BYTES,
    encode: encodeUdp,
    decode: (bytes, offset) => {
      const decoded = decodeUdp(bytes, offset);
      return decoded.ok ? decoded.header : decoded;
    },
  });
});

test('a length below 8 is malformed', (t) => {
  t.deepEqual(decodeUdp(bytesOf('04d2003500070000')), { ok: false, reason: 'malformed' });
});

test('decodeUdp() throws at nothing, and calls each cut truncated', (t) => {
  assertHarmless(t, decodeUdp, datagram);
});
