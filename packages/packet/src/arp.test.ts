import test from 'ava';
import fc from 'fast-check';
import { ARP_BYTES, ArpOperation, decodeArp, encodeArp } from './arp.js';
import { assertHarmless, assertRoundTrip, bytesOf, bytesOfLength } from './test-support/codec-laws.js';

const request = bytesOf('0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a00000b');

test('a request for 10.0.0.11 is read as such', (t) => {
  const decoded = decodeArp(request);
  t.like(decoded, { ok: true, packet: { operation: ArpOperation.request } });
  t.deepEqual(decoded.ok && decoded.packet.targetAddress, bytesOf('0a00000b'));
});

test('what encodeArp() writes, decodeArp() reads back', (t) => {
  const packet = fc.record({
    operation: fc.constantFrom(1, 2),
    senderMac: bytesOfLength(6),
    senderAddress: bytesOfLength(4),
    targetMac: bytesOfLength(6),
    targetAddress: bytesOfLength(4),
  });
  assertRoundTrip(t, packet, {
    bytes: () => ARP_BYTES,
    encode: encodeArp,
    decode: (bytes, offset) => {
      const decoded = decodeArp(bytes, offset);
      return decoded.ok ? decoded.packet : decoded;
    },
  });
});

test('ARP for other hardware is malformed', (t) => {
  t.deepEqual(decodeArp(bytesOf(`0006${Buffer.from(request).toString('hex').slice(4)}`)), {
    ok: false,
    reason: 'malformed',
  });
});

test('decodeArp() throws at nothing, and calls each cut truncated', (t) => {
  assertHarmless(t, decodeArp, request);
});
