import test from 'ava';
import fc from 'fast-check';
import { decodeEthernet, EtherType, encodeEthernet, ethernetBytes } from './ethernet.js';
import { assertHarmless, assertRoundTrip, bytesOf, bytesOfLength, uint } from './test-support/codec-laws.js';

test('a frame with an 802.1Q tag inside an 802.1ad tag is read with both', (t) => {
  const frame = bytesOf('ffffffffffff 020000000001 88a8 6064 8100 b0c8 0800');
  t.deepEqual(decodeEthernet(frame), {
    ok: true,
    header: {
      destination: bytesOf('ffffffffffff'),
      source: bytesOf('020000000001'),
      tags: [
        { tpid: 0x88a8, priority: 3, dropEligible: false, id: 100 },
        { tpid: 0x8100, priority: 5, dropEligible: true, id: 200 },
      ],
      etherType: EtherType.ipv4,
    },
    payloadOffset: 22,
  });
});

test('what encodeEthernet() writes, decodeEthernet() reads back', (t) => {
  const tag = fc.record({
    tpid: fc.constantFrom(EtherType.vlan, EtherType.serviceVlan),
    priority: uint(3),
    dropEligible: fc.boolean(),
    id: uint(12),
  });
  const header = fc.record({
    destination: bytesOfLength(6),
    source: bytesOfLength(6),
    tags: fc.array(tag, { maxLength: 2 }),
    etherType: fc.constantFrom(EtherType.ipv4, EtherType.ipv6, EtherType.arp, 0x1234),
  });
  assertRoundTrip(t, header, {
    bytes: ethernetBytes,
    encode: encodeEthernet,
    decode: (bytes, offset) => {
      const decoded = decodeEthernet(bytes, offset);
      return decoded.ok ? decoded.header : decoded;
    },
  });
});

test('decodeEthernet() throws at nothing, and calls each cut truncated', (t) => {
  assertHarmless(t, decodeEthernet, bytesOf('ffffffffffff 020000000001 8100 0064 0800'));
});
