import { fiveTupleOf } from '@weir/packet';
import test from 'ava';
import { parseFrame } from './portable/parse-frame.js';
import { type SyntheticPacket, syntheticPacket } from './synthetic-packet.js';

const ends = { source: '203.0.113.7', sourcePort: 40_000, destination: '198.51.100.1', destinationPort: 443 } as const;
const ends6 = { ...ends, source: '2001:db8:c::7', destination: '2001:db8:100::1' } as const;
const ethernet = (type: string) => Buffer.from(`020000000002020000000001${type}`, 'hex');

function parsed(packet: SyntheticPacket) {
  const type = packet.source.includes(':') ? '86dd' : '0800';
  const result = parseFrame(new Uint8Array(Buffer.concat([ethernet(type), syntheticPacket(packet)])));
  return result.kind === 'packet' ? result.packet : undefined;
}

test('without flags a TCP packet is the SYN of a new connection', (t) => {
  t.like(parsed({ ...ends, protocol: 'tcp' }), { family: 4, protocol: 6, tcpFlags: 0x02, sourcePort: 40_000 });
});

test('flags are those that are named', (t) => {
  t.is(parsed({ ...ends6, protocol: 'tcp', tcpFlags: ['ack', 'fin'] })?.tcpFlags, 0x11);
  t.is(parsed({ ...ends6, protocol: 'tcp', tcpFlags: [] })?.tcpFlags, 0);
});

test('each protocol and family makes a packet that both engines can read', (t) => {
  for (const protocol of ['tcp', 'udp', 'sctp', 'esp', 'ah'] as const) {
    for (const of of [ends, ends6]) {
      const packet = parsed({ ...of, protocol, payloadBytes: 5 });
      t.is(packet?.destinationPort, protocol === 'esp' || protocol === 'ah' ? 0 : 443, protocol);
      t.is(packet?.fragment, undefined);
    }
  }
});

test('a UDP packet carries as much as it is told to', (t) => {
  const short = syntheticPacket({ ...ends, protocol: 'udp' });
  t.is(syntheticPacket({ ...ends, protocol: 'udp', payloadBytes: 100 }).byteLength - short.byteLength, 100);
  const read = fiveTupleOf(short);
  t.like(read.ok ? read.tuple : {}, { sourcePort: 40_000, destinationPort: 443 });
});

test('a port that is none, and addresses of two families, are refused', (t) => {
  const code = (packet: SyntheticPacket) => t.throws(() => syntheticPacket(packet))?.message ?? '';
  t.is(code({ ...ends, protocol: 'tcp', sourcePort: 65_536 }), 'sourcePort is 65536, not a whole number of 0 to 65535');
  t.regex(code({ ...ends, protocol: 'esp', source: '::1' }), /not of one family/);
});
