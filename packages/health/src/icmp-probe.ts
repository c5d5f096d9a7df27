import { randomBytes, randomInt } from 'node:crypto';
import {
  canonicalAddress,
  encodeIcmp,
  familyOf,
  ICMP_BYTES,
  IcmpType,
  Icmpv6Type,
  setIcmpChecksum,
} from '@weir/packet';
import type { Ask } from './attempt.js';
import { type EchoAnswer, echoes4, echoes6 } from './icmp-echoes.js';
import type { RawExchange } from './raw-exchange.js';

/** Tells this process's echoes from those of others, which may have the same identifier. */
const token = randomBytes(16);
const identifier = randomInt(0x10000);
let sequence = 0;

/** Sends an echo request and waits for just its reply: by address, identifier, sequence number and what it carried. */
export const askIcmp: Ask<unknown> = (_probe, target, settle) => {
  const exchange = familyOf(target.address) === 4 ? echoes4 : echoes6;
  const address = canonicalAddress(target.address);
  const key = nextKey(exchange);
  const close = exchange.expect(key, (answer) => {
    if (answer.kind === 'unreachable') settle(false, `unreachable, says ${answer.source} (ICMP code ${answer.code})`);
    else if (answer.source === address && token.equals(answer.body)) settle(true, 'echo reply');
  });
  try {
    exchange.send(echoRequest(key, exchange === echoes4 ? IcmpType.echoRequest : Icmpv6Type.echoRequest), target);
  } catch (error) {
    close();
    throw error;
  }
  return close;
};

/** Identifier and sequence number as they stand in the header; not one that another probe still waits for. */
function nextKey(exchange: RawExchange<EchoAnswer>): number {
  do sequence = (sequence + 1) & 0xffff;
  while (exchange.has(keyOf(sequence)));
  return keyOf(sequence);
}

function keyOf(sequence: number): number {
  return identifier * 0x10000 + sequence;
}

function echoRequest(key: number, type: number): Uint8Array {
  const message = new Uint8Array(ICMP_BYTES + token.byteLength);
  message.set(token, encodeIcmp({ type, code: 0, checksum: 0, rest: key }, message));
  // In ICMPv6 the kernel computes it (RFC 3542, section 3.1).
  if (type === IcmpType.echoRequest) setIcmpChecksum(message, 0);
  return message;
}
