import type { DropReason } from '../drop-reason.js';
import { macText } from '../mac-text.js';
import type { TraceStep } from '../packet-trace.js';
import { clampMss } from './clamp-mss.js';
import { encapsulate, outerBytes } from './encapsulate.js';
import type { Flow, Translation } from './flow.js';
import type { FlowState } from './flow-state.js';
import { opensConnection } from './flow-state.js';
import { type Quote, rewriteQuote } from './icmp-error-in.js';
import type { Complaint } from './icmp-error-out.js';
import { frameTo, type NextHop } from './next-hop.js';
import type { IpPacket } from './parse-frame.js';
import type { Backend, Service } from './service.js';
import { withOneHopLess } from './take-hop.js';
import { eraseToa, hasRoomForToa, toaBytes, withToa } from './tell-client-address.js';
import { type TellStep, tracedBackend, tracedEnd } from './tell-step.js';
import { type PacketLayout, rewriteEnds } from './translate.js';
import { isTcp } from './transport.js';
import type { Endpoint } from './tuple.js';

/** What a packet needs to know of the world on its way out. */
export interface Roads {
  /** The kernel's way to an address for what arrived on this interface. */
  nextHop(address: Uint8Array): NextHop | 'no_route' | 'no_neighbour';
  /** Source of tunnels, by bytes of the address. */
  tunnelSource(destination: Uint8Array): Uint8Array;
  /** @see Memory.tell */
  readonly tell: TellStep | undefined;
}

export type Sent =
  | { readonly kind: 'sent'; readonly ifindex: number; readonly frame: Uint8Array }
  | { readonly kind: 'dropped'; readonly reason: DropReason; readonly complaint?: Complaint };

/** What was decided for a packet of a client. */
export interface Decision {
  readonly backend: Backend;
  readonly hash: number;
  readonly translation: Translation | undefined;
  /** @see Choice */
  readonly hops: readonly Backend[];
  /** @see Choice */
  readonly stateBefore: FlowState | 'new' | undefined;
}

/** Of a tag's control information (IEEE 802.1Q). */
const VLAN_ID = 0xfff;
/** IPv6 links carry this much (RFC 8200, section 5): nobody is told of less. */
const IPV6_MTU_MIN = 1280;

/** docs/packet-path.md, section 4: a client's packet, or a fragment of one, to its backend. */
export function sendToBackend(packet: IpPacket, decision: Decision, roads: Roads): Sent {
  const { backend, translation, hops } = decision;
  const { forwarding, mssClamp } = backend.service;
  roads.tell?.({ step: 'method', backend: tracedBackend(backend), forwarding });
  return send(
    packet,
    backend.address,
    outerBytes(forwarding, backend.address, addressesOf(hops)),
    roads,
    (ip, mtuBytes) => {
      clamp(ip, packet, mssClamp);
      if (translation === undefined) return intoTunnel(ip, packet, decision, roads);
      const { near: source, far: destination } = translation;
      tellTranslation(roads, source, destination);
      rewriteEnds(ip.subarray(0, packet.bytes), layoutOf(packet), { source, destination });
      return tellClient(ip, packet, decision, mtuBytes);
    },
  );
}

/** Section 5: an answer, of nat or fullnat, to the client. */
export function sendAnswer(packet: IpPacket, flow: Flow, roads: Roads): Sent {
  return send(packet, flow.client.address, 0, roads, (ip) => {
    clamp(ip, packet, flow.backend.service.mssClamp);
    tellTranslation(roads, flow.vip, flow.client);
    rewriteEnds(ip.subarray(0, packet.bytes), layoutOf(packet), { source: flow.vip, destination: flow.client });
    return ip;
  });
}

/** Section 6: an error about what the VIP sent, to the backend of that flow. */
export function sendErrorToBackend(packet: IpPacket, quote: Quote, decision: Decision, roads: Roads): Sent {
  const { backend, translation, hops } = decision;
  roads.tell?.({ step: 'method', backend: tracedBackend(backend), forwarding: backend.service.forwarding });
  return send(
    packet,
    backend.address,
    outerBytes(backend.service.forwarding, backend.address, addressesOf(hops)),
    roads,
    (ip) => {
      if (translation === undefined) return intoTunnel(ip, packet, decision, roads);
      const { near, far } = translation;
      rewriteEnds(ip.subarray(0, packet.bytes), layoutOf(packet), { destination: far });
      rewriteQuote(ip.subarray(0, packet.bytes), quote, { source: far, destination: near });
      return ip;
    },
  );
}

/** Section 6: an error about what a backend was sent by nat or fullnat, to the client. */
export function sendErrorToClient(packet: IpPacket, quote: Quote, { client, vip }: Flow, roads: Roads): Sent {
  return send(packet, client.address, 0, roads, (ip) => {
    rewriteEnds(ip.subarray(0, packet.bytes), layoutOf(packet), { source: vip, destination: client });
    rewriteQuote(ip.subarray(0, packet.bytes), quote, { source: client, destination: vip });
    return ip;
  });
}

/** What is the same for all: next hop, MTU, one hop less, and out. */
function send(
  packet: IpPacket,
  to: Uint8Array,
  outer: number,
  roads: Roads,
  rewrite: (ip: Uint8Array, mtuBytes: number) => Uint8Array,
): Sent {
  const nextHop = roads.nextHop(to);
  roads.tell?.(nextHopStep(nextHop));
  if (typeof nextHop === 'string') return { kind: 'dropped', reason: nextHop };
  const { ifindex, mtuBytes } = nextHop;
  if (packet.bytes + outer > mtuBytes) {
    roads.tell?.({ step: 'too_big', bytes: packet.bytes + outer, mtuBytes });
    const fitting = mtuBytes - outer;
    const told = packet.family === 6 ? Math.max(IPV6_MTU_MIN, fitting) : fitting;
    return { kind: 'dropped', reason: 'too_big', complaint: { kind: 'too_big', mtuBytes: told } };
  }
  const ip = rewrite(withOneHopLess(packet), mtuBytes);
  return { kind: 'sent', ifindex, frame: frameTo(nextHop, (ip[0] as number) >> 4 === 4 ? 4 : 6, ip) };
}

function intoTunnel(ip: Uint8Array, packet: IpPacket, { backend, hash, hops }: Decision, roads: Roads): Uint8Array {
  const { forwarding } = backend.service;
  if (forwarding.method === 'dr') return ip;
  const destination = backend.address;
  const source = roads.tunnelSource(destination);
  return encapsulate(ip, packet, { forwarding, source, destination, hash, hops: addressesOf(hops) });
}

function addressesOf(hops: readonly Backend[]): readonly Uint8Array[] {
  return hops.map(({ address }) => address);
}

function tellClient(
  ip: Uint8Array,
  packet: IpPacket,
  { backend: { service }, stateBefore }: Decision,
  mtuBytes: number,
): Uint8Array {
  const isInHandshake = stateBefore === 'syn' || opensConnection(packet.tcpFlags);
  if (!tellsClient(service) || !isTcp(packet.protocol) || isLaterFragment(packet) || !isInHandshake) return ip;
  eraseToa(ip, packet.transportOffset);
  if (!isPlain(packet)) return ip;
  const client: Endpoint = { address: packet.source, port: packet.sourcePort };
  const fits = packet.bytes + toaBytes(client) <= mtuBytes && hasRoomForToa(ip, packet.transportOffset, client);
  return fits ? withToa(ip, packet.family, packet.bytes, client) : ip;
}

function tellsClient({ forwarding }: Service): boolean {
  return forwarding.method === 'fullnat' && forwarding.toa;
}

function isLaterFragment({ fragment }: IpPacket): boolean {
  return fragment?.isFirst === false;
}

/** No options, no extension headers, no fragment: the offsets of others would have to change too. */
function isPlain({ family, transportOffset, fragment }: IpPacket): boolean {
  return transportOffset === (family === 4 ? 20 : 40) && fragment === undefined;
}

function clamp(ip: Uint8Array, packet: IpPacket, mss: number): void {
  if (mss === 0 || !isTcp(packet.protocol) || isLaterFragment(packet)) return;
  clampMss(ip, packet.transportOffset, mss);
}

function tellTranslation({ tell }: Roads, source: Endpoint, destination: Endpoint): void {
  tell?.({ step: 'translation', source: tracedEnd(source), destination: tracedEnd(destination) });
}

function nextHopStep(nextHop: NextHop | 'no_route' | 'no_neighbour'): TraceStep {
  if (typeof nextHop === 'string') return { step: 'next_hop', outcome: nextHop };
  const { ifindex, mtuBytes, destinationMac, vlan } = nextHop;
  return {
    step: 'next_hop',
    outcome: 'found',
    ifindex,
    mtuBytes,
    // Without an interface it is the kernel that finds the link.
    destinationMac: ifindex === 0 ? undefined : macText(destinationMac),
    vlan: vlan && vlan.tci & VLAN_ID,
  };
}

function layoutOf(packet: IpPacket): PacketLayout {
  const { family, protocol, transportOffset } = packet;
  return { family, protocol, transportOffset: isLaterFragment(packet) ? undefined : transportOffset };
}
