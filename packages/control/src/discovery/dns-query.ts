import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIPv6 } from 'node:net';
import {
  type DecodedPacket,
  decode,
  encode,
  type Packet,
  type RecordType,
  streamEncode,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import type { Endpoint } from '../endpoint-schema.js';

/** A datagram of this size reaches everybody unfragmented (dnsflagday.net/2020). */
const UDP_PAYLOAD_BYTES = 1232;
/** The length that stands before a message over TCP (RFC 1035, section 4.2.2). */
const LENGTH_BYTES = 2;

export interface DnsQuestion {
  /** Without a dot at the end. */
  readonly name: string;
  readonly type: RecordType;
}

/**
 * Asks one resolver, by UDP, and by TCP what does not fit a datagram (RFC 7766). Answers that are not to this question
 * are passed over.
 * @param signal  aborted: rejects with its reason
 * @throws {Error} nobody answers at this address
 */
export async function queryDns(question: DnsQuestion, resolver: Endpoint, signal: AbortSignal): Promise<DecodedPacket> {
  const query: Packet = {
    type: 'query',
    id: randomInt(0x1_0000),
    flags: 0x0100, // recursion desired
    questions: [question],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: UDP_PAYLOAD_BYTES,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  };
  const answer = await overUdp(query, resolver, signal);
  return isTruncated(answer) ? overTcp(query, resolver, signal) : answer;
}

async function overUdp(query: Packet, resolver: Endpoint, signal: AbortSignal): Promise<DecodedPacket> {
  const socket = createSocket(isIPv6(resolver.host) ? 'udp6' : 'udp4');
  try {
    const connected = once(socket, 'connect', { signal });
    // Only datagrams of this address and port arrive then, and refusals (ICMP) are told.
    socket.connect(resolver.port, resolver.host);
    await connected;
    socket.send(encode(query));
    for (;;) {
      const [datagram] = (await once(socket, 'message', { signal })) as [Buffer];
      const answer = answerTo(query, datagram);
      if (answer !== undefined) return answer;
    }
  } finally {
    socket.close();
  }
}

async function overTcp(query: Packet, { host, port }: Endpoint, signal: AbortSignal): Promise<DecodedPacket> {
  const socket = connect({ host, port, signal });
  try {
    await once(socket, 'connect', { signal });
    socket.write(streamEncode(query));
    let received = Buffer.alloc(0);
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      received = Buffer.concat([received, chunk]);
      if (received.length < LENGTH_BYTES) continue;
      const end = LENGTH_BYTES + received.readUInt16BE(0);
      if (received.length < end) continue;
      const answer = answerTo(query, received.subarray(LENGTH_BYTES, end));
      if (answer === undefined) break;
      return answer;
    }
    throw new Error('the connection ended without an answer');
  } finally {
    socket.destroy();
  }
}

/** Undefined: it is nonsense, or answers something else. */
function answerTo(query: Packet, message: Buffer): DecodedPacket | undefined {
  let answer: DecodedPacket;
  try {
    answer = decode(message);
  } catch {
    return undefined;
  }
  const [asked] = query.questions ?? [];
  const [question] = answer.questions ?? [];
  const isOurs =
    answer.type === 'response' &&
    answer.id === query.id &&
    question?.type === asked?.type &&
    question?.name.toLowerCase() === asked?.name.toLowerCase();
  return isOurs ? answer : undefined;
}

function isTruncated({ flags = 0 }: DecodedPacket): boolean {
  return (flags & TRUNCATED_RESPONSE) !== 0;
}
