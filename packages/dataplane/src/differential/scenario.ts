import { buildIcmpPacket, bytesToAddress, decodeEthernet, decodeIpv4, decodeIpv6 } from '@weir/packet';
import type { ForwardingTables, ServiceKey } from '../dataplane.js';
import type { MissedPacket } from '../flow-sharing.js';
import type { Owners } from '../owners.js';
import { protocolNumbers } from '../portable/transport.js';
import type { Finding } from './found-flow.js';
import { type FramePlan, frameOf, frameWith, plainFrame } from './frame-plan.js';
import { type HandoverPlan, handoverFrame } from './handover.js';
import { clients } from './lab-addresses.js';
import { type StrayAnswerPlan, strayAnswer } from './stray-answer.js';

/** What happens, one after another. Numbers that point into the past are taken modulo its length. */
export type Step =
  | { readonly kind: 'packet'; readonly aim: Aim | undefined; readonly plan: FramePlan }
  /** The receiver of a frame that left answers. */
  | { readonly kind: 'answer'; readonly to: number; readonly change: AnswerChange }
  | { readonly kind: 'stray-answer'; readonly plan: StrayAnswerPlan }
  /** A router, or the receiver, complains about a frame that left. */
  | { readonly kind: 'error-about-sent'; readonly about: number; readonly error: IcmpErrorPlan }
  /** A router, or the client, complains about what the VIP would have sent in answer to a frame that arrived. */
  | { readonly kind: 'error-to-vip'; readonly about: number; readonly error: IcmpErrorPlan }
  /** Another node hands over what arrived before. */
  | { readonly kind: 'handover'; readonly of: number; readonly plan: HandoverPlan }
  /** What arrived before comes once more, as it came or as it was handed up; 0: the last one. */
  | { readonly kind: 'again'; readonly among: 'arrived' | 'missed'; readonly of: number }
  | { readonly kind: 'echo'; readonly from: string; readonly to: string; readonly type: number; readonly body: number }
  | { readonly kind: 'wait'; readonly ticks: number }
  /** Somebody says what is known of a missed packet's flow; 0: of the last one. */
  | { readonly kind: 'settle'; readonly missed: number; readonly finding: Finding }
  /** Another node took over flows that this one told of, so many from the last one on. */
  | { readonly kind: 'forget'; readonly told: number; readonly flows: number }
  /** The other tables of the scenario are put in force. */
  | { readonly kind: 'apply'; readonly tables: number };

/** A client, and a listener of the tables in force: who sends a packet where, whatever its plan says. */
export interface Aim {
  readonly listener: number;
  readonly client: number;
}

export type AnswerChange = Pick<FramePlan, 'tcpFlags' | 'tcpOptions' | 'ttl' | 'payloadBytes' | 'fragment' | 'damage'>;

export interface IcmpErrorPlan {
  readonly type: number;
  readonly code: number;
  readonly rest: number;
  /** How much of the packet is quoted. */
  readonly quotedBytes: number;
  /** Extension headers and fragment header of what the VIP would have sent. */
  readonly extensions: readonly number[];
  readonly fragment: FramePlan['fragment'];
  readonly ttl: number;
  readonly paddingBytes: number;
}

export interface Scenario {
  readonly tables: readonly ForwardingTables[];
  readonly steps: readonly Step[];
}

/** Frames so far, and what is in force now. */
export interface Past {
  readonly tables: ForwardingTables | undefined;
  readonly arrived: readonly Uint8Array[];
  readonly missed: readonly MissedPacket[];
  readonly left: readonly Uint8Array[];
}

/** The frame that a step brings; undefined: none, or it is about a past that there is not. */
export function frameOfStep(step: Step, { tables, arrived, missed, left }: Past): Uint8Array | undefined {
  const services = tables?.services ?? [];
  switch (step.kind) {
    case 'packet':
      return frameOf(
        aimed(
          step.plan,
          step.aim,
          services.flatMap(({ listeners }) => listeners),
        ),
      );
    case 'answer':
      return answerTo(left[step.to % left.length], step.change);
    case 'stray-answer':
      return strayAnswer(services, step.plan);
    case 'error-about-sent':
      return errorAbout(left[step.about % left.length], step.error);
    case 'error-to-vip':
      return errorToVip(arrived[step.about % arrived.length], step.error);
    case 'handover':
      return handedOver(arrived[step.of % arrived.length], tables?.owners, step.plan);
    case 'again':
      return lastBut(step.of, step.among === 'arrived' ? arrived : missed.map(({ frame }) => frame))?.slice();
    case 'echo':
      return frameWith(
        buildIcmpPacket(
          { source: step.from, destination: step.to, ttl: 3 },
          { type: step.type, code: 0, rest: 77 },
          new Uint8Array(step.body),
        ),
      );
    default:
      return undefined;
  }
}

function lastBut(frames: number, all: readonly Uint8Array[]): Uint8Array | undefined {
  return all.at(-1 - (frames % all.length));
}

function aimed(plan: FramePlan, aim: Aim | undefined, listeners: readonly ServiceKey[]): FramePlan {
  const key = aim && listeners[aim.listener % listeners.length];
  if (aim === undefined || key === undefined) return plan;
  const sources = clients[key.vip.includes(':') ? 6 : 4];
  return {
    ...plan,
    source: sources[aim.client % sources.length] as string,
    destination: key.vip,
    protocol: protocolNumbers[key.protocol],
    destinationPort: portIn(key.port, plan.destinationPort),
  };
}

function portIn(port: ServiceKey['port'], wish: number): number {
  if (typeof port === 'number') return port || wish;
  return port.first + (wish % (port.last - port.first + 1));
}

interface Parts {
  /** From its IP header on. */
  readonly packet: Uint8Array;
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly transportOffset: number;
}

function answerTo(frame: Uint8Array | undefined, change: AnswerChange): Uint8Array | undefined {
  const parts = frame && partsOf(frame);
  if (parts === undefined) return undefined;
  const { source, destination, protocol, sourcePort, destinationPort } = parts;
  return frameOf({
    ...plainFrame,
    ...change,
    protocol,
    source: destination,
    destination: source,
    sourcePort: destinationPort,
    destinationPort: sourcePort,
  });
}

/** From the receiver, to whom the packet says that it came from. */
function errorAbout(frame: Uint8Array | undefined, error: IcmpErrorPlan): Uint8Array | undefined {
  const parts = frame && partsOf(frame);
  if (parts === undefined) return undefined;
  return errorFrame(parts.destination, parts.source, parts.packet, error);
}

function handedOver(
  frame: Uint8Array | undefined,
  owners: Owners | undefined,
  plan: HandoverPlan,
): Uint8Array | undefined {
  const parts = frame && partsOf(frame);
  return parts && owners && handoverFrame(parts.packet, owners, plan);
}

function errorToVip(frame: Uint8Array | undefined, error: IcmpErrorPlan): Uint8Array | undefined {
  const parts = frame && partsOf(frame);
  if (parts === undefined) return undefined;
  const { source, destination, protocol, sourcePort, destinationPort } = parts;
  const answer = frameOf({
    ...plainFrame,
    protocol,
    source: destination,
    destination: source,
    sourcePort: destinationPort,
    destinationPort: sourcePort,
    payloadBytes: 20,
    extensions: error.extensions,
    fragment: error.fragment,
  });
  return errorFrame(source, destination, answer.subarray(14), error);
}

function errorFrame(source: string, destination: string, quoted: Uint8Array, error: IcmpErrorPlan): Uint8Array {
  const { type, code, rest, ttl, quotedBytes, paddingBytes } = error;
  const packet = buildIcmpPacket({ source, destination, ttl }, { type, code, rest }, quoted.subarray(0, quotedBytes));
  return frameWith(packet, { ...plainFrame, paddingBytes });
}

function partsOf(frame: Uint8Array): Parts | undefined {
  const ethernet = decodeEthernet(frame);
  if (!ethernet.ok) return undefined;
  const at = ethernet.payloadOffset;
  const [ipv4, ipv6] = [decodeIpv4(frame, at), decodeIpv6(frame, at)];
  const protocol = ipv4.ok ? ipv4.header.protocol : ipv6.ok ? ipv6.header.nextHeader : undefined;
  const ip = ipv4.ok ? ipv4 : ipv6;
  if (!ip.ok || protocol === undefined || frame.byteLength < ip.payloadOffset + 4) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset + ip.payloadOffset);
  return {
    packet: frame.subarray(at),
    source: bytesToAddress(ip.header.source),
    destination: bytesToAddress(ip.header.destination),
    protocol,
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    transportOffset: ip.payloadOffset - at,
  };
}
