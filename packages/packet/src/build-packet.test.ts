import test from 'ava';
import fc from 'fast-check';
import { buildFrame, buildIcmpPacket, buildTcpPacket, buildUdpPacket } from './build-packet.js';
import { EtherType } from './ethernet.js';
import { fiveTupleOf, quotedFiveTuple } from './five-tuple.js';
import { IcmpType, IcmpUnreachable } from './icmp.js';
import { Icmpv6Type } from './icmpv6.js';
import { bytesToAddress } from './ip-address.js';
import { IpProtocol } from './ipv4.js';
import { maximumSegmentSizeOption, TcpFlag } from './tcp.js';
import { bytesOf, bytesOfLength, hexOf, uint } from './test-support/codec-laws.js';

const ends = { source: '192.0.2.10', destination: '198.51.100.10' };
const ends6 = { source: '2001:db8:c::10', destination: '2001:db8:100::10' };
const back = { source: ends.destination, destination: ends.source };
const back6 = { source: ends6.destination, destination: ends6.source };
const dns = { sourcePort: 1234, destinationPort: 53 };
const answer = { sourcePort: 53, destinationPort: 1234 };
const http = { sourcePort: 1234, destinationPort: 80, sequence: 1, window: 8192 };
const datagram = '4500001d0000400040114e88c000020ac633640a04d200350009968c78';

/** Each as scapy writes it. */
const packets: readonly (readonly [string, () => Uint8Array, string])[] = [
  [
    'TCP over IPv4, with an option and data',
    () =>
      buildTcpPacket(
        { ...ends, trafficClass: 0x2a },
        { ...http, acknowledgment: 2, flags: TcpFlag.psh | TcpFlag.ack, options: maximumSegmentSizeOption(1460) },
        Buffer.from('GET'),
      ),
    '452a002f0000400040064e57c000020ac633640a04d20050000000010000000260182000eb5a0000020405b4474554',
  ],
  [
    'TCP over IPv6',
    () => buildTcpPacket({ ...ends6, ttl: 63 }, { ...http, flags: TcpFlag.syn }),
    '600000000014063f20010db8000c0000000000000000001020010db801000000000000000000001004d20050000000010000000050022000' +
      '2e220000',
  ],
  ['UDP over IPv4', () => buildUdpPacket(ends, dns, Buffer.from('x')), datagram],
  [
    'UDP over IPv6',
    () => buildUdpPacket(ends6, dns, Buffer.from('x')),
    '600000000009114020010db8000c0000000000000000001020010db801000000000000000000001004d200350009263778',
  ],
  [
    '"fragmentation needed"',
    () =>
      buildIcmpPacket(
        { source: '10.0.0.1', destination: ends.destination },
        { type: IcmpType.unreachable, code: IcmpUnreachable.fragmentationNeeded, rest: 1400 },
        buildUdpPacket(back, answer),
      ),
    '4500003800004000400106870a000001c633640a0304e3e5000005784500001c0000400040114e89c633640ac000020a003504d200080e8f',
  ],
  [
    '"packet too big"',
    () =>
      buildIcmpPacket(
        { source: 'fd00::1', destination: ends6.destination },
        { type: Icmpv6Type.packetTooBig, code: 0, rest: 1400 },
        buildUdpPacket(back6, answer),
      ),
    '6000000000383a40fd00000000000000000000000000000120010db801000000000000000000001002005b1b000005786000000000081140' +
      '20010db801000000000000000000001020010db8000c00000000000000000010003504d200089e39',
  ],
  [
    'UDP in a tagged frame',
    () =>
      buildFrame(
        {
          destination: bytesOf('0200000000bb'),
          source: bytesOf('020000000001'),
          tags: [{ tpid: EtherType.vlan, priority: 0, dropEligible: false, id: 100 }],
        },
        buildUdpPacket(ends, dns, Buffer.from('x')),
      ),
    `0200000000bb020000000001810000640800${datagram}`,
  ],
];
for (const [title, build, hex] of packets) {
  test(`${title} is built as scapy builds it`, (t) => {
    t.is(hexOf(build()), hex);
  });
}

test('a built packet has the 5-tuple that was asked for, alone and quoted by an error', (t) => {
  const address = fc.constantFrom(4, 16).chain((length) => fc.tuple(bytesOfLength(length), bytesOfLength(length)));
  fc.assert(
    fc.property(address, uint(16), uint(16), fc.boolean(), (addresses, sourcePort, destinationPort, isTcp) => {
      const [source, destination] = addresses.map(bytesToAddress) as [string, string];
      const build = isTcp ? buildTcpPacket : buildUdpPacket;
      const packet = build({ source, destination }, { sourcePort, destinationPort });
      const protocol = isTcp ? IpProtocol.tcp : IpProtocol.udp;
      const expected = { ok: true, tuple: { protocol, source, destination, sourcePort, destinationPort } };
      t.deepEqual(fiveTupleOf(packet) as unknown, expected);
      const type = addresses[0].byteLength === 4 ? IcmpType.timeExceeded : Icmpv6Type.timeExceeded;
      const error = buildIcmpPacket({ source: destination, destination: source }, { type, code: 0, rest: 0 }, packet);
      t.deepEqual(quotedFiveTuple(error) as unknown, expected);
    }),
    { seed: 1 },
  );
});

test('ends of two families are refused', (t) => {
  t.throws(() => buildUdpPacket({ source: '10.0.0.1', destination: 'fd00::1' }, dns), {
    code: 'FAMILIES_DIFFER',
    message: '10.0.0.1 and fd00::1 are not of one family',
  });
});
