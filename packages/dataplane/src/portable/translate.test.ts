import {
  addressToBytes,
  buildTcpPacket,
  buildUdpPacket,
  internetChecksum,
  onesComplementSum,
  pseudoHeaderSum,
} from '@weir/packet';
import test from 'ava';
import fc from 'fast-check';
import { clampMss } from './clamp-mss.js';
import { eraseToa, withToa } from './tell-client-address.js';
import { type PacketLayout, rewriteEnds } from './translate.js';
import type { Endpoint } from './tuple.js';

const ends = {
  4: { source: '192.0.2.10', destination: '198.51.100.10' },
  6: { source: '2001:db8:c::10', destination: '2001:db8:100::10' },
} as const;
const headerBytes = { 4: 20, 6: 40 } as const;

function arbitraryEnd(family: 4 | 6): fc.Arbitrary<Endpoint> {
  const bytes = family === 4 ? 4 : 16;
  return fc.record({
    address: fc.uint8Array({ minLength: bytes, maxLength: bytes }),
    port: fc.nat(65_535),
  });
}

/** Do IPv4's and the transport's checksum, summed anew over all that they cover, come out right? */
function isSound(packet: Uint8Array, { family, protocol }: PacketLayout): boolean {
  const at = headerBytes[family];
  const [source, destination] =
    family === 4 ? [packet.slice(12, 16), packet.slice(16, 20)] : [packet.slice(8, 24), packet.slice(24, 40)];
  const start = pseudoHeaderSum(source, destination, protocol, packet.byteLength - at);
  const isHeaderSound = family === 6 || internetChecksum(packet.subarray(0, at)) === 0;
  return isHeaderSound && onesComplementSum(packet.subarray(at), start) === 0xffff;
}

for (const family of [4, 6] as const) {
  const layout = (protocol: number): PacketLayout => ({ family, protocol, transportOffset: headerBytes[family] });
  const ports = { sourcePort: 1, destinationPort: 2 };

  test(`IPv${family}: whatever the ends become, checksums are what a fresh sum gives`, (t) => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 9 }),
        fc.option(arbitraryEnd(family), { nil: undefined }),
        fc.option(arbitraryEnd(family), { nil: undefined }),
        (payload, source, destination) => {
          const changed = { ...(source && { source }), ...(destination && { destination }) };
          for (const [protocol, build] of [
            [6, buildTcpPacket],
            [17, buildUdpPacket],
          ] as const) {
            const packet = build(ends[family], ports, payload);
            rewriteEnds(packet, layout(protocol), changed);
            if (!isSound(packet, layout(protocol))) return false;
          }
          return true;
        },
      ),
    );
    t.pass();
  });

  test(`IPv${family}: a segment that tells its client has a sound checksum, and all that it had`, (t) => {
    const client = { address: addressToBytes(ends[family].source), port: 4660 };
    const packet = buildTcpPacket(
      ends[family],
      { ...ports, options: Uint8Array.of(2, 4, 5, 180) },
      Uint8Array.of(7, 8, 9),
    );
    const told = withToa(packet, family, packet.byteLength, client);
    t.true(isSound(told, layout(6)));
    const at = headerBytes[family] + 20;
    const option = [254, family === 4 ? 8 : 20, 0x12, 0x34, ...client.address];
    t.deepEqual([...told.subarray(at)], [...option, 2, 4, 5, 180, 7, 8, 9]);
  });

  test(`IPv${family}: a clamped SYN has a sound checksum, wherever its MSS stands`, (t) => {
    for (const options of [
      [2, 4, 5, 180],
      [1, 2, 4, 5, 180, 0, 0, 0],
      [3, 3, 9, 2, 4, 5, 180, 1],
    ]) {
      const packet = buildTcpPacket(ends[family], { ...ports, flags: 2, options: Uint8Array.from(options) });
      clampMss(packet, headerBytes[family], 1200);
      t.true(isSound(packet, layout(6)), `${options}`);
      t.true(Buffer.from(packet).includes(Buffer.from([2, 4, 4, 176])), `${options}`);
    }
  });
}

test('a datagram without a checksum stays without one', (t) => {
  for (const family of [4, 6] as const) {
    const packet = buildUdpPacket(ends[family], { sourcePort: 1, destinationPort: 2 });
    const at = headerBytes[family];
    packet.fill(0, at + 6, at + 8);
    rewriteEnds(
      packet,
      { family, protocol: 17, transportOffset: at },
      { source: { address: addressToBytes(ends[family].destination), port: 9 } },
    );
    t.deepEqual([...packet.subarray(at, at + 8)], [0, 9, 0, 2, 0, 8, 0, 0]);
  }
});

test('a checksum that comes out as 0 is sent as 0xffff', (t) => {
  const packet = buildUdpPacket(ends[4], { sourcePort: 1, destinationPort: 0 });
  const sum = (packet[26] as number) * 256 + (packet[27] as number);
  // What the port adds is what the checksum still lacks.
  rewriteEnds(
    packet,
    { family: 4, protocol: 17, transportOffset: 20 },
    { destination: { address: addressToBytes(ends[4].destination), port: sum } },
  );
  t.deepEqual([...packet.subarray(26, 28)], [0xff, 0xff]);
});

test('options of kind 254 that a client sends become padding, whatever is in them', (t) => {
  const own = Uint8Array.from([1, 254, 8, 0, 80, 0, 0, 0, 1, 2, 4, 5, 180, 254, 3, 9]);
  const packet = buildTcpPacket(ends[4], { sourcePort: 1, destinationPort: 2, options: own });
  eraseToa(packet, 20);
  t.deepEqual([...packet.subarray(40)], [1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 5, 180, 1, 1, 1]);
  t.true(isSound(packet, { family: 4, protocol: 6, transportOffset: 20 }));
});
