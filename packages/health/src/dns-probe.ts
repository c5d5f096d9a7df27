import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { type DecodedPacket, decode, encode, type Packet, RECURSION_DESIRED, streamEncode } from 'dns-packet';
import type { Ask, Close, Settle } from './attempt.js';
import type { Probe, ProbeTarget } from './health-check.js';
import { connectTo, openMarked, SocketKind } from './marked-socket.js';
import { reasonOf } from './reason.js';

/** Before each message over TCP (RFC 1035, section 4.2.2). */
const LENGTH_BYTES = 2;

type DnsProbe = Extract<Probe, { kind: 'dns' }>;

/** Asks a name server; NOERROR with a record of the type that was asked for is well. */
export const askDns: Ask<DnsProbe> = (probe, target, settle) => {
  const query = {
    type: 'query' as const,
    id: randomInt(0x10000),
    flags: RECURSION_DESIRED,
    questions: [{ type: probe.recordType, name: probe.name }],
  } satisfies Packet;
  const take = (answer: DecodedPacket) => {
    if (answer.type === 'response' && answer.id === query.id) judge(probe, answer, settle);
  };
  return probe.transport === 'udp'
    ? askByUdp(encode(query), target, take, settle)
    : askByTcp(streamEncode(query), target, take, settle);
};

function askByUdp(query: Buffer, target: ProbeTarget, take: (answer: DecodedPacket) => void, settle: Settle): Close {
  const { address, port, mark } = target;
  const isIpv6 = isIPv6(address);
  const socket = createSocket(isIpv6 ? 'udp6' : 'udp4');
  socket.on('error', (error) => settle(false, reasonOf(error)));
  // A connected socket takes answers of the target only, and hears of a port that nobody listens on.
  socket.on('connect', () => socket.send(query));
  socket.on('message', (message) => receive(message, take, settle));
  const connect = () => socket.connect(port, address);
  if (mark === undefined) connect();
  else socket.bind({ fd: openMarked(SocketKind.datagram, isIpv6, mark) }, connect);
  return () => socket.close();
}

function askByTcp(query: Buffer, target: ProbeTarget, take: (answer: DecodedPacket) => void, settle: Settle): Close {
  const socket = connectTo(target);
  let received = Buffer.alloc(0);
  socket.on('error', (error) => settle(false, reasonOf(error)));
  socket.on('end', () => settle(false, 'connection closed without an answer'));
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    const messageEnd =
      received.byteLength < LENGTH_BYTES ? Number.POSITIVE_INFINITY : LENGTH_BYTES + received.readUInt16BE();
    if (received.byteLength >= messageEnd) receive(received.subarray(LENGTH_BYTES, messageEnd), take, settle);
  });
  socket.write(query);
  return () => socket.destroy();
}

function receive(message: Buffer, take: (answer: DecodedPacket) => void, settle: Settle): void {
  try {
    take(decode(message));
  } catch {
    settle(false, 'the answer is not DNS');
  }
}

function judge({ name, recordType }: DnsProbe, answer: DecodedPacket, settle: Settle): void {
  // The declared type of the package lacks what it decodes.
  const { rcode } = answer as DecodedPacket & { readonly rcode: string };
  if (rcode !== 'NOERROR') settle(false, `rcode ${rcode} for ${recordType} of ${name}`);
  else if (answer.answers?.some(({ type }) => type === recordType)) settle(true, `${recordType} of ${name}`);
  else
    settle(false, `no ${recordType} of ${name} in the answer${answer.flag_tc ? ', which is cut off: ask by tcp' : ''}`);
}
