import assert from 'node:assert';
import { addressToBytes } from '@weir/packet';
import { type AppliedChanges, type Counters, defaultFlowTimeouts, type ForwardingTables } from '../dataplane.js';
import { type DropReason, dropReasons } from '../drop-reason.js';
import { countPacket } from './backend.js';
import { chooseBackend, findBackend, type Memory } from './choose-backend.js';
import { countService } from './count-service.js';
import { ServiceDirectory } from './find-service.js';
import type { Flow, Tuple } from './flow.js';
import { nextState } from './flow-state.js';
import { FlowTable } from './flow-table.js';
import { FragmentTable } from './fragment-table.js';
import { Guard } from './guard.js';
import { echoReply, isEchoRequest } from './icmp-echo.js';
import { isIcmpError, type Quote, quoteOf } from './icmp-error-in.js';
import { type Complaint, icmpErrorAbout, mayComplainAbout } from './icmp-error-out.js';
import type { NextHop } from './next-hop.js';
import { type IpPacket, parseFrame } from './parse-frame.js';
import { PersistentClients } from './persistent-clients.js';
import { putInForce } from './put-in-force.js';
import {
  type Decision,
  type Roads,
  type Sent,
  sendAnswer,
  sendErrorToBackend,
  sendErrorToClient,
  sendToBackend,
} from './send.js';
import type { Service } from './service.js';
import { isIcmp } from './transport.js';

/** What becomes of a frame. `reason`: the packet itself was dropped and counted; an ICMP error goes out in its place. */
export type Verdict =
  | { readonly action: 'pass' }
  | { readonly action: 'drop'; readonly reason: DropReason }
  | { readonly action: 'transmit'; readonly ifindex: number; readonly frame: Uint8Array; readonly reason?: DropReason };

/** What the engine asks of the machine that it runs on. */
export interface PortableSurroundings {
  /** Addresses of 6 bytes that frames have to carry; none: any will do. */
  readonly ownMacs: readonly Uint8Array[];
  resolve(address: Uint8Array, ingressIfindex: number): NextHop | 'no_route' | 'no_neighbour';
  /** May one more ICMP error be sent now? Asked once for each. */
  mayComplain(nowTicks: number): boolean;
}

export interface PortableLimits {
  /** Entries of the flow table; a flow that is translated takes two. */
  readonly flows: number;
  /** Packets in fragments at one time. */
  readonly fragments: number;
  /** Networks of clients that are remembered, of one service. */
  readonly networks: number;
}

const defaultLimits: PortableLimits = { flows: 1_048_576, fragments: 65_536, networks: 65_536 };
const pass: Verdict = { action: 'pass' };

/**
 * The decision of docs/packet-path.md, packet by packet, with all that it remembers. It reads no clock and opens no
 * socket: packets, time and next hops are handed in.
 */
export class PortableEngine {
  readonly #surroundings: PortableSurroundings;
  readonly #flows: FlowTable;
  readonly #fragments: FragmentTable;
  readonly #clients: PersistentClients;
  readonly #guard = new Guard();
  readonly #drops = new Map<DropReason, number>();
  #services: readonly Service[] = [];
  #directory = new ServiceDirectory([]);
  #memory: Memory;
  /** By bytes of the address. */
  #sources = new Map<number, Uint8Array>();

  constructor(surroundings: PortableSurroundings, limits: Partial<PortableLimits> = {}) {
    const { flows, fragments, networks } = { ...defaultLimits, ...limits };
    this.#surroundings = surroundings;
    this.#flows = new FlowTable(flows);
    this.#fragments = new FragmentTable(fragments);
    this.#clients = new PersistentClients(networks);
    this.#memory = this.#memoryWith(0n, []);
  }

  /** Puts tables in force between two packets. */
  apply(tables: ForwardingTables): AppliedChanges {
    const { services, changes } = putInForce(this.#services, tables.services);
    for (const service of this.#services) if (!services.includes(service)) this.#clients.forget(service);
    this.#services = services;
    this.#directory = new ServiceDirectory(
      tables.services.flatMap(({ listeners }, i) => listeners.map((key) => ({ key, service: services[i] as Service }))),
    );
    this.#memory = this.#memoryWith(tables.hashSeed, tables.localAddresses ?? []);
    const sources = [tables.sources.ipv4, tables.sources.ipv6].filter((text) => text !== undefined);
    this.#sources = new Map(sources.map(addressToBytes).map((address) => [address.byteLength, address]));
    const timeouts = tables.timeouts ?? defaultFlowTimeouts;
    this.#flows.timeouts = timeouts;
    this.#fragments.timeoutMs = timeouts.fragmentMs;
    this.#guard.configure(tables.guard);
    return changes;
  }

  /** Decides about one frame. Ticks never go back. */
  forward(frame: Uint8Array, ingressIfindex: number, nowTicks: number): Verdict {
    const parsed = parseFrame(frame);
    switch (parsed.kind) {
      case 'other':
        return pass;
      case 'refused':
        return this.#drop(parsed.reason);
      case 'unreadable':
        return this.#directory.isVip(parsed.destination) ? this.#drop('extension_header') : pass;
      case 'packet':
        return this.#isForThisNode(frame) ? this.#decide({ packet: parsed.packet, ingressIfindex, nowTicks }) : pass;
    }
  }

  /** Takes out the flows that have expired, so that connections are counted right where no packet comes. */
  sweep(nowTicks: number): void {
    this.#flows.sweep(nowTicks);
  }

  /** Those that are remembered, expired ones included until they are swept out. */
  flows(): Iterable<Flow> {
    return this.#flows;
  }

  counters(): Counters {
    const drops = Object.fromEntries(dropReasons.map((reason) => [reason, this.#drops.get(reason) ?? 0]));
    return { services: this.#services.map(countService), drops: drops as Record<DropReason, number> };
  }

  /** Sections 2 and 3. */
  #decide(arrival: Arrival): Verdict {
    const { packet, nowTicks } = arrival;
    if (packet.fragment?.isFirst === false) return this.#laterFragment(arrival);
    if (isIcmp(packet.family, packet.protocol)) return this.#icmp(arrival);
    const service = this.#directory.find(packet);
    if (service === undefined) return this.#answer(arrival);
    const refusal = this.#refusal(arrival);
    if (refusal !== undefined) return refusal;
    const choice = chooseBackend(this.#memory, service, packet, nowTicks);
    if (choice.kind === 'refused') return this.#drop(choice.reason);
    this.#fragments.remember(packet, choice, nowTicks);
    return this.#toBackend(arrival, choice, sendToBackend(packet, choice, this.#roads(arrival)));
  }

  /** It has no ports, and goes where the first fragment of its packet went. */
  #laterFragment(arrival: Arrival): Verdict {
    const { packet, nowTicks } = arrival;
    if (!this.#directory.isVip(packet.destination)) return pass;
    const way = this.#fragments.find(packet, nowTicks);
    if (way === undefined) return this.#drop('fragment_unknown');
    const decision = { ...way, stateBefore: undefined };
    return (
      this.#refusal(arrival) ??
      this.#toBackend(arrival, decision, sendToBackend(packet, decision, this.#roads(arrival)))
    );
  }

  /** Section 5: what no service takes may be an answer of a backend that sees translated addresses. */
  #answer(arrival: Arrival): Verdict {
    const { packet, nowTicks } = arrival;
    const flow = this.#flows.ofAnswer(packet, nowTicks);
    if (flow === undefined) return pass;
    const expired = this.#lastHop(arrival);
    if (expired !== undefined) return expired;
    this.#flows.touch(flow, nextState(flow.state, 'server', packet.tcpFlags), nowTicks);
    return this.#out(arrival, sendAnswer(packet, flow, this.#roads(arrival)), flow.vip.address);
  }

  /** Section 6. */
  #icmp(arrival: Arrival): Verdict {
    const { packet, ingressIfindex } = arrival;
    if (packet.fragment !== undefined) return pass;
    const isForVip = this.#directory.isVip(packet.destination);
    if (isForVip && isEchoRequest(packet)) {
      return { action: 'transmit', ifindex: ingressIfindex, frame: echoReply(packet) };
    }
    if (!isIcmpError(packet)) return pass;
    const quote = quoteOf(packet);
    if (isForVip) return this.#errorForVip(arrival, quote);
    return quote === undefined ? pass : this.#errorFromBackend(arrival, quote);
  }

  /** The VIP sent what is quoted: for the flow it is the way back. */
  #errorForVip(arrival: Arrival, quote: Quote | undefined): Verdict {
    const tuple = quote && reversed(quote);
    const service = tuple && this.#directory.find(tuple);
    if (service === undefined) return this.#drop('icmp_unknown');
    const choice = findBackend(this.#memory, service, tuple as Tuple, arrival.nowTicks);
    if (choice.kind === 'refused') return this.#drop(choice.reason);
    const sent = () => sendErrorToBackend(arrival.packet, quote as Quote, choice, this.#roads(arrival));
    return this.#lastHop(arrival) ?? this.#toBackend(arrival, choice, sent());
  }

  /** This node sent what is quoted to a backend, in the name of the client or from a local address. */
  #errorFromBackend(arrival: Arrival, quote: Quote): Verdict {
    const flow = this.#flows.ofAnswer(reversed(quote), arrival.nowTicks);
    if (flow === undefined) return pass;
    const sent = () => sendErrorToClient(arrival.packet, quote, flow, this.#roads(arrival));
    return this.#lastHop(arrival) ?? this.#out(arrival, sent(), flow.vip.address);
  }

  #refusal(arrival: Arrival): Verdict | undefined {
    return this.#guard.denies(arrival.packet.source) ? this.#drop('denied') : this.#lastHop(arrival);
  }

  #lastHop(arrival: Arrival): Verdict | undefined {
    const { packet } = arrival;
    if (packet.ttl > 1) return undefined;
    const own = this.#sources.get(packet.source.byteLength);
    return this.#dropAndTell(arrival, 'ttl_expired', { kind: 'time_exceeded' }, own);
  }

  #toBackend(arrival: Arrival, { backend }: Decision, sent: Sent): Verdict {
    if (sent.kind === 'sent') countPacket(backend, arrival.packet.bytes);
    return this.#out(arrival, sent, arrival.packet.destination);
  }

  /** @param vip  whose name a complaint is made in */
  #out(arrival: Arrival, sent: Sent, vip: Uint8Array): Verdict {
    if (sent.kind === 'sent') return { action: 'transmit', ifindex: sent.ifindex, frame: sent.frame };
    if (sent.complaint === undefined) return this.#drop(sent.reason);
    return this.#dropAndTell(arrival, sent.reason, sent.complaint, vip);
  }

  #drop(reason: DropReason): Verdict {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1);
    return { action: 'drop', reason };
  }

  #dropAndTell(arrival: Arrival, reason: DropReason, complaint: Complaint, from: Uint8Array | undefined): Verdict {
    const { packet, ingressIfindex, nowTicks } = arrival;
    const dropped = this.#drop(reason);
    if (from === undefined || !mayComplainAbout(packet) || !this.#surroundings.mayComplain(nowTicks)) return dropped;
    return { action: 'transmit', ifindex: ingressIfindex, frame: icmpErrorAbout(packet, complaint, from), reason };
  }

  /** A switch floods what it does not know: of several nodes only one may forward the frame. */
  #isForThisNode(frame: Uint8Array): boolean {
    const { ownMacs } = this.#surroundings;
    return ownMacs.length === 0 || ownMacs.some((mac) => mac.every((byte, i) => byte === frame[i]));
  }

  #roads({ ingressIfindex }: Arrival): Roads {
    return {
      nextHop: (address) => this.#surroundings.resolve(address, ingressIfindex),
      tunnelSource: ({ byteLength }) => {
        const source = this.#sources.get(byteLength);
        assert(source !== undefined, 'tables with tunnels have a source of their family');
        return source;
      },
    };
  }

  #memoryWith(hashSeed: bigint, localAddresses: readonly string[]): Memory {
    return {
      flows: this.#flows,
      guard: this.#guard,
      clients: this.#clients,
      hashSeed,
      localAddresses: localAddresses.map(addressToBytes),
    };
  }
}

/** A packet, where it came from and when. */
interface Arrival {
  readonly packet: IpPacket;
  readonly ingressIfindex: number;
  readonly nowTicks: number;
}

function reversed({ protocol, source, sourcePort, destination, destinationPort }: Tuple): Tuple {
  return {
    protocol,
    source: destination,
    sourcePort: destinationPort,
    destination: source,
    destinationPort: sourcePort,
  };
}
