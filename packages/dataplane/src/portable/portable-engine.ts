import assert from 'node:assert';
import { addressToBytes, decodeFlowImage, FLOW_IMAGE_BYTES } from '@weir/packet';
import { checkSharing } from '../check-sharing.js';
import {
  type AppliedChanges,
  allLocalPorts,
  type Counters,
  defaultFlowTimeouts,
  type FlowTableFill,
  type ForwardingTables,
} from '../dataplane.js';
import { type DropReason, dropReasons } from '../drop-reason.js';
import { ServiceDirectory } from '../find-service.js';
import type { FlowEvents, MissedPacket, SettledPacket, Settlement, SharingCounts } from '../flow-sharing.js';
import type { FlowTableView } from '../flow-table-view.js';
import { ownersService } from '../owners-service.js';
import type { PacketTrace, TraceStep } from '../packet-trace.js';
import { traceVerdict } from '../trace-verdict.js';
import { checkTables, serviceId } from '../xdp/wanted-service.js';
import { adoptFlow } from './adopt-flow.js';
import { type Arrival, isOnLastHop } from './arrival.js';
import { countPacket } from './backend.js';
import { type Choice, chooseBackend, findBackend, type Memory } from './choose-backend.js';
import { countService } from './count-service.js';
import type { Flow } from './flow.js';
import { FlowEventQueue, joined } from './flow-event-queue.js';
import { nextState, opensConnection } from './flow-state.js';
import { FlowTable } from './flow-table.js';
import { PortableFlowView } from './flow-view.js';
import { FragmentTable } from './fragment-table.js';
import { Guard } from './guard.js';
import { echoReply, isEchoRequest } from './icmp-echo.js';
import { isIcmpError, type Quote, quoteOf } from './icmp-error-in.js';
import { type Complaint, icmpErrorAbout, mayComplainAbout } from './icmp-error-out.js';
import { imageOfFlow, imageOfUnknown, imageOfUnknownAnswer } from './image-of-flow.js';
import { OwnersInForce } from './owners-in-force.js';
import { type IpPacket, parseFrame } from './parse-frame.js';
import { PersistentClients } from './persistent-clients.js';
import type { PortableSurroundings } from './portable-surroundings.js';
import { putInForce } from './put-in-force.js';
import { SeenSyns } from './seen-syns.js';
import {
  type Decision,
  type Roads,
  type Sent,
  sendAnswer,
  sendErrorToBackend,
  sendErrorToClient,
  sendToBackend,
} from './send.js';
import { type Backend, hashOfFlow, type Service } from './service.js';
import { SharingInForce } from './sharing-in-force.js';
import { Strangers } from './strangers.js';
import { parsedStep, type TellStep, tracedEnd } from './tell-step.js';
import { isIcmp } from './transport.js';
import { reversedTuple, type Tuple, tupleBetween } from './tuple.js';
import type { Verdict } from './verdict.js';

export interface PortableLimits {
  /** That are remembered. */
  readonly flows: number;
  /** Packets in fragments at one time. */
  readonly fragments: number;
  /** Networks of clients that are remembered, of one service. */
  readonly networks: number;
  /** Flows that were told, told again or ended, until they are taken; of each. */
  readonly events: number;
  /** Packets of unknown flows, until they are taken. */
  readonly missed: number;
  /** Answers of which it is remembered that nobody knows their flow. */
  readonly strangers: number;
  /** Connections that clients try to open, of services that are watched. */
  readonly syns: number;
}

const defaultLimits: PortableLimits = {
  flows: 1_048_576,
  fragments: 65_536,
  networks: 65_536,
  events: 65_536,
  missed: 4096,
  strangers: 65_536,
  syns: 131_072,
};
const pass: Verdict = { action: 'pass' };
const handedUp: Verdict = { action: 'drop' };
/** Images that are told of in one piece. */
const IMAGES_PER_PIECE = 1024;

/**
 * The decision of docs/packet-path.md, packet by packet, with all that it remembers. It reads no clock and opens no
 * socket: packets, time and next hops are handed in.
 */
export class PortableEngine {
  readonly #surroundings: PortableSurroundings;
  readonly #flows: FlowTable;
  readonly #fragments: FragmentTable;
  readonly #clients: PersistentClients;
  readonly #strangers: Strangers;
  readonly #syns: SeenSyns;
  readonly #guard = new Guard();
  readonly #events: FlowEventQueue;
  readonly #drops = new Map<DropReason, number>();
  #services: readonly Service[] = [];
  #directory = new ServiceDirectory<Service>([]);
  #memory: Memory;
  #owners: OwnersInForce | undefined;
  #sharing: SharingInForce | undefined;
  /** Of a packet that was traced: the backend, or node. */
  #sentTo: Backend | undefined;
  /** By bytes of the address. */
  #sources = new Map<number, Uint8Array>();

  constructor(surroundings: PortableSurroundings, limits: Partial<PortableLimits> = {}) {
    const { flows, fragments, networks, events, missed, strangers, syns } = { ...defaultLimits, ...limits };
    this.#surroundings = surroundings;
    this.#events = new FlowEventQueue({ events, missed });
    this.#flows = new FlowTable(flows, (told) => this.#events.end(told));
    this.#fragments = new FragmentTable(fragments);
    this.#clients = new PersistentClients(networks);
    this.#strangers = new Strangers(strangers);
    this.#syns = new SeenSyns(syns);
    this.#memory = this.#memoryWith({ services: [], sources: {}, hashSeed: 0n }, undefined);
  }

  /** What {@link forward} would do with a frame, and why. Nothing changes by it. */
  trace(frame: Uint8Array, ingressIfindex: number, nowTicks: number): PacketTrace {
    const steps: TraceStep[] = [];
    const engine = this.#asSeen((step) => steps.push(step));
    const verdict = engine.forward(frame, ingressIfindex, nowTicks);
    const { action } = verdict;
    const end = {
      action,
      reason: action === 'pass' ? undefined : verdict.reason,
      ingressIfindex,
      isHandedOver: engine.#sentTo !== undefined && engine.#sentTo.service === this.#owners?.service,
    };
    return { steps, verdict: traceVerdict(steps, end), ...(action === 'transmit' ? { packet: verdict.frame } : {}) };
  }

  /** An engine that decides as this one would now, and remembers and counts nothing of it here. */
  #asSeen(tell: TellStep): PortableEngine {
    const { ownMacs } = this.#surroundings;
    const engine = new PortableEngine({
      ownMacs,
      resolve: (...asked) => this.#surroundings.resolve(...asked),
      mayComplain: (now) => this.#surroundings.hasComplaintsLeft(now),
      mayHandUp: () => this.#surroundings.hasHandUpsLeft(),
      hasComplaintsLeft: (now) => this.#surroundings.hasComplaintsLeft(now),
      hasHandUpsLeft: () => this.#surroundings.hasHandUpsLeft(),
    });
    engine.#directory = this.#directory;
    engine.#sources = this.#sources;
    engine.#memory = {
      ...this.#memory,
      flows: this.#flows.asSeen(tell),
      guard: this.#guard.asSeen(tell),
      clients: this.#clients.asSeen(),
      fragments: this.#fragments.asSeen(tell),
      strangers: this.#strangers.asSeen(),
      owners: this.#owners?.asSeen(tell),
      sharing: this.#sharing?.asSeen(tell),
      tell,
    };
    return engine;
  }

  /**
   * Puts tables in force between two packets.
   * @throws {DataplaneError} TABLES_INVALID: nothing was changed
   */
  apply(tables: ForwardingTables): AppliedChanges {
    checkTables(tables);
    checkSharing(tables);
    const { owners } = tables;
    const wanted = owners === undefined ? tables.services : [...tables.services, ownersService(owners)];
    const { services, changes } = putInForce(this.#services, wanted);
    const nodes = owners === undefined ? undefined : services[services.length - 1];
    for (const service of this.#services) if (!services.includes(service)) this.#clients.forget(service);
    this.#services = services;
    this.#directory = new ServiceDirectory(
      wanted.flatMap(({ listeners }, i) => {
        const service = services[i] as Service;
        return listeners.map((key) => ({ key, service, isVip: service !== nodes }));
      }),
    );
    const inForce = owners && nodes && new OwnersInForce(owners, nodes, tables);
    this.#memory = this.#memoryWith(tables, inForce);
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
    return this.#forward(frame, { ingressIfindex, nowTicks });
  }

  #forward(frame: Uint8Array, arrival: Omit<Arrival, 'packet'>): Verdict {
    const parsed = parseFrame(frame);
    switch (parsed.kind) {
      case 'other':
        return pass;
      case 'refused':
        return this.#drop(parsed.reason);
      case 'unreadable':
        return this.#directory.isVip(parsed.destination) ? this.#drop('extension_header') : pass;
      case 'packet':
        this.#memory.tell?.(parsedStep(parsed.packet));
        if (this.#isForThisNode(frame)) return this.#decide({ ...arrival, packet: parsed.packet });
        this.#memory.tell?.({ step: 'link_address', isForThisNode: false });
        return pass;
    }
  }

  /** Remembers the flow of a packet that was handed up, if somebody knew it, and decides about the packet again. */
  settle({ packet, flow }: SettledPacket, nowTicks: number): { settlement: Settlement; verdict: Verdict } {
    const { direction, frame, ifindex, handedOver } = packet;
    const settlement =
      flow === undefined ? 'unknown' : adoptFlow(this.#memory, this.#directory, flow, direction, nowTicks);
    if (settlement === 'adopted') this.#events.countAdopted();
    const arrival = { ingressIfindex: ifindex, nowTicks, isSettled: true };
    const verdict = handedOver ? this.#forwardInside(frame, arrival, []) : this.#forward(frame, arrival);
    return { settlement, verdict };
  }

  /** @see FlowSharing.forget */
  forget(images: Uint8Array): void {
    for (let at = 0; at < images.byteLength; at += FLOW_IMAGE_BYTES) {
      const image = decodeFlowImage(images, at);
      if (image !== undefined) this.#flows.forget(tupleBetween(image.protocol, image.client, image.vip));
    }
  }

  /** What happened to flows since the last call. */
  takeEvents(): FlowEvents {
    return this.#events.take();
  }

  get hasEvents(): boolean {
    return !this.#events.isEmpty;
  }

  /** @see FlowSharing.told */
  *told(): Iterable<Uint8Array> {
    let images: Uint8Array[] = [];
    for (const flow of this.#flows) {
      if (flow.told !== undefined) images.push(imageOfFlow(flow));
      if (images.length < IMAGES_PER_PIECE) continue;
      yield joined(images);
      images = [];
    }
    if (images.length > 0) yield joined(images);
  }

  get sharingCounts(): SharingCounts {
    return this.#events.counts;
  }

  /** Takes out the flows that have expired, so that connections are counted right where no packet comes. */
  sweep(nowTicks: number): void {
    this.#flows.sweep(nowTicks);
  }

  /** Those that are remembered, expired ones included until they are swept out. */
  flows(): Iterable<Flow> {
    return this.#flows;
  }

  /** @param nowTicks  asked for each flow that is seen */
  flowView(nowTicks: () => number): FlowTableView {
    return new PortableFlowView(this.#flows, nowTicks);
  }

  /** @see Dataplane.takeNeededRows */
  takeNeededRows(): ReadonlyMap<string, readonly number[]> {
    const needed = this.#services.filter(({ neededRows }) => neededRows.size > 0);
    const taken = needed.map(({ key, neededRows }) => [serviceId(key), [...neededRows].sort((a, b) => a - b)] as const);
    for (const { neededRows } of needed) neededRows.clear();
    return new Map(taken);
  }

  get flowTableFill(): FlowTableFill {
    return this.#flows.fill;
  }

  counters(): Counters {
    const drops = Object.fromEntries(dropReasons.map((reason) => [reason, this.#drops.get(reason) ?? 0]));
    const owners = this.#owners;
    const handovers = Array.from(owners?.peers ?? [], ({ name, packets, bytes }) => ({
      address: name,
      packets,
      bytes,
    }));
    const services = this.#services.filter((service) => service !== owners?.service).map(countService);
    return { services, handovers, drops: drops as Record<DropReason, number> };
  }

  /** Sections 2 and 3. */
  #decide(arrival: Arrival): Verdict {
    const { packet, nowTicks } = arrival;
    if (packet.fragment?.isFirst === false) return this.#laterFragment(arrival);
    if (isIcmp(packet.family, packet.protocol)) return this.#icmp(arrival);
    const service = this.#directory.find(packet);
    if (service !== undefined && service === this.#memory.owners?.service) return this.#fromNode(arrival);
    this.#tellService(service);
    if (service === undefined) return this.#answer(arrival);
    if (this.#memory.guard.denies(packet.source)) return this.#drop('denied');
    if (isOnLastHop(arrival)) return this.#ttlExpired(arrival);
    const choice = this.#choose(arrival, service);
    if (choice === undefined) return handedUp;
    if (choice.kind === 'refused') return this.#drop(choice.reason);
    const { backend, translation, hops } = choice;
    this.#noteAttempt(arrival, service, choice);
    this.#memory.fragments.remember(packet, { to: 'backend', backend, translation, hops }, nowTicks);
    return this.#toBackend(arrival, choice, sendToBackend(packet, choice, this.#roads(arrival)));
  }

  /** A SYN to a backend: of a flow that goes to its owner, the owner counts it. */
  #noteAttempt({ packet, nowTicks }: Arrival, service: Service, { backend, stateBefore }: Decision): void {
    if (!this.#counts(service) || backend.service !== service || !opensConnection(packet.tcpFlags)) return;
    this.#syns.note(backend, packet, nowTicks, stateBefore === 'close');
  }

  /** Is it counted whether SYNs are answered? A packet that is traced is none. */
  #counts({ watched }: Service): boolean {
    return watched && this.#memory.tell === undefined;
  }

  /** undefined: the packet was handed up. */
  #choose(arrival: Arrival, service: Service): Choice | undefined {
    const choice = chooseBackend(this.#memory, service, arrival.packet, arrival);
    if (choice.kind !== 'unknown') return choice;
    return this.#handUp(arrival, 'client', imageOfUnknown(service, arrival.packet)) ? undefined : choice.otherwise();
  }

  /** It has no ports, and goes where the first fragment of its packet went. */
  #laterFragment(arrival: Arrival): Verdict {
    const { packet, nowTicks } = arrival;
    const way = this.#memory.fragments.find(packet, nowTicks);
    if (way === undefined) return this.#directory.isVip(packet.destination) ? this.#drop('fragment_unknown') : pass;
    if (isOnLastHop(arrival)) return this.#ttlExpired(arrival);
    if (way.to === 'client') {
      this.#tellAnswer(way.flow);
      return this.#out(arrival, sendAnswer(packet, way.flow, this.#roads(arrival)));
    }
    const gone = way.hops.findIndex(({ inForce }) => !inForce);
    const hops = gone < 0 ? way.hops : way.hops.slice(0, gone);
    const decision = { ...way, hops, hash: hashOfFlow(this.#memory.hashSeed, packet), stateBefore: undefined };
    return this.#toBackend(arrival, decision, sendToBackend(packet, decision, this.#roads(arrival)));
  }

  /** Section 5: what no service takes may be an answer of a backend that sees translated addresses. */
  #answer(arrival: Arrival): Verdict {
    const { packet, nowTicks } = arrival;
    const flow = this.#memory.flows.ofAnswer(packet, nowTicks);
    if (flow === undefined) return this.#answerOfOther(arrival);
    this.#tellAnswer(flow);
    if (isOnLastHop(arrival)) return this.#ttlExpired(arrival);
    const { backend, state } = flow;
    this.#memory.flows.touch(flow, 'server', nextState(state, 'server', packet.tcpFlags), nowTicks);
    if (this.#counts(backend.service) && state === 'syn' && flow.state === 'close') backend.attempts.refused++;
    this.#memory.fragments.remember(packet, { to: 'client', backend, flow }, nowTicks);
    return this.#out(arrival, sendAnswer(packet, flow, this.#roads(arrival)));
  }

  /** Section 7: the owner of an answer is that of its client. */
  #answerOfOther(arrival: Arrival): Verdict {
    const { packet, nowTicks } = arrival;
    const decision = this.#ownerOfAnswer(arrival, packet);
    if (decision === undefined) return this.#unknownAnswer(arrival);
    if (isOnLastHop(arrival)) return this.#ttlExpired(arrival);
    this.#memory.fragments.remember(packet, { to: 'backend', ...decision }, nowTicks);
    return this.#toBackend(arrival, decision, sendToBackend(packet, decision, this.#roads(arrival)));
  }

  /** Section 8: it may be to another node's local address, or that node may have had the client. */
  #unknownAnswer(arrival: Arrival): Verdict {
    const { packet, nowTicks, isSettled = false } = arrival;
    if (this.#memory.sharing?.asksAboutAnswer(packet) !== true) return pass;
    if (isSettled) {
      this.#memory.strangers.remember(packet, nowTicks);
      return pass;
    }
    if (this.#memory.strangers.has(packet, nowTicks)) return pass;
    return this.#handUp(arrival, 'answer', imageOfUnknownAnswer(packet)) ? handedUp : pass;
  }

  #handUp(
    { packet, ingressIfindex: ifindex, handedOver: hops }: Arrival,
    direction: MissedPacket['direction'],
    image: Uint8Array,
  ) {
    // The caller's frame is overwritten by the next one.
    const frame = packet.frame.slice();
    const handedOver = hops !== undefined;
    return this.#memory.sharing?.handUp({ direction, image, frame, ifindex, handedOver }) === true;
  }

  /** So is that of an error about what such an answer would answer. */
  #errorOfOther(arrival: Arrival, answer: Tuple): Verdict {
    const decision = this.#ownerOfAnswer(arrival, answer);
    if (decision === undefined) return pass;
    if (isOnLastHop(arrival)) return this.#ttlExpired(arrival);
    return this.#toBackend(arrival, decision, sendToBackend(arrival.packet, decision, this.#roads(arrival)));
  }

  #ownerOfAnswer({ nowTicks, handedOver, isSettled = false }: Arrival, answer: Tuple): Decision | undefined {
    const { owners, hashSeed } = this.#memory;
    if (isSettled || owners?.mayBeAnswer(answer) !== true) return undefined;
    const elsewhere = owners.elsewhere(reversedTuple(answer), false, nowTicks, handedOver);
    const hash = hashOfFlow(hashSeed, answer);
    return elsewhere && { ...elsewhere, hash, translation: undefined, stateBefore: undefined };
  }

  /** Section 7: a packet in the outer header of another node, decided about as if it had come without. */
  #fromNode(arrival: Arrival): Verdict {
    const { packet, handedOver } = arrival;
    const handover = this.#memory.owners?.take(packet, handedOver !== undefined) ?? pass;
    if (typeof handover === 'string') return this.#drop(handover);
    if (!('hops' in handover)) return handover;
    return this.#forwardInside(handover.frame, arrival, handover.hops);
  }

  /** A frame that another node handed over, without its outer header. @param hops  nodes that it may still go to */
  #forwardInside(frame: Uint8Array, arrival: Omit<Arrival, 'packet'>, hops: readonly Backend[]): Verdict {
    const verdict = this.#forward(frame, { ...arrival, handedOver: hops });
    // The kernel's door is not the one that nodes use among themselves.
    return verdict.action === 'pass' ? this.#drop('handover_malformed') : verdict;
  }

  /** Section 6. */
  #icmp(arrival: Arrival): Verdict {
    const { packet, ingressIfindex } = arrival;
    if (packet.fragment !== undefined) return pass;
    this.#memory.tell?.({ step: 'icmp', message: messageOf(packet) });
    const isForVip = this.#directory.isVip(packet.destination);
    if (isForVip && isEchoRequest(packet)) {
      return { action: 'transmit', ifindex: ingressIfindex, frame: echoReply(packet) };
    }
    if (!isIcmpError(packet)) return pass;
    const quote = quoteOf(packet);
    if (isForVip) return quote === undefined ? this.#drop('icmp_unknown') : this.#errorForVip(arrival, quote);
    return quote === undefined ? pass : this.#errorFromBackend(arrival, quote);
  }

  /** The VIP sent what is quoted: of the flow it is the way back. */
  #errorForVip(arrival: Arrival, quote: Quote): Verdict {
    const { packet, nowTicks } = arrival;
    const tuple = reversedTuple(quote);
    const service = this.#directory.find(tuple);
    if (service === undefined) return this.#drop('icmp_unknown');
    this.#tellService(service);
    if (isOnLastHop(arrival)) return this.#ttlExpired(arrival);
    const choice = findBackend(this.#memory, service, tuple, nowTicks, arrival.handedOver);
    if (choice.kind === 'refused') return this.#drop(choice.reason);
    return this.#toBackend(arrival, choice, sendErrorToBackend(packet, quote, choice, this.#roads(arrival)));
  }

  /** This node sent what is quoted to a backend, in the name of the client or from a local address. */
  #errorFromBackend(arrival: Arrival, quote: Quote): Verdict {
    const { packet, nowTicks } = arrival;
    const answer = reversedTuple(quote);
    const flow = this.#memory.flows.ofAnswer(answer, nowTicks);
    if (flow === undefined) return this.#errorOfOther(arrival, answer);
    this.#tellAnswer(flow);
    if (isOnLastHop(arrival)) return this.#ttlExpired(arrival);
    return this.#out(arrival, sendErrorToClient(packet, quote, flow, this.#roads(arrival)));
  }

  #toBackend(arrival: Arrival, { backend }: Decision, sent: Sent): Verdict {
    if (this.#memory.tell !== undefined) this.#sentTo = backend;
    else if (sent.kind === 'sent') countPacket(backend, arrival.packet.bytes);
    return this.#out(arrival, sent, arrival.packet.destination);
  }

  /** @param complainant  in whose name the sender is told what is wrong */
  #out(arrival: Arrival, sent: Sent, complainant = this.#ownAddress(arrival)): Verdict {
    if (sent.kind === 'sent') return { action: 'transmit', ifindex: sent.ifindex, frame: sent.frame };
    if (sent.complaint === undefined) return this.#drop(sent.reason);
    return this.#dropAndTell(arrival, sent.reason, sent.complaint, complainant);
  }

  #ttlExpired(arrival: Arrival): Verdict {
    return this.#dropAndTell(arrival, 'ttl_expired', { kind: 'time_exceeded' }, this.#ownAddress(arrival));
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

  /** Of the packet's family. */
  #ownAddress({ packet }: Arrival): Uint8Array | undefined {
    return this.#sources.get(packet.source.byteLength);
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
      tell: this.#memory.tell,
    };
  }

  /** The one whose backends are the nodes is no service that anybody knows of. */
  #tellService(service: Service | undefined): void {
    const { tell, owners } = this.#memory;
    if (tell === undefined || (service !== undefined && service === owners?.service)) return;
    tell({ step: 'service', service: service && serviceId(service.key) });
  }

  #tellAnswer({ client, vip }: Flow): void {
    this.#memory.tell?.({ step: 'answer', client: tracedEnd(client), vip: tracedEnd(vip) });
  }

  #memoryWith(tables: ForwardingTables, owners: OwnersInForce | undefined): Memory {
    const { hashSeed, localAddresses = [], localPorts = allLocalPorts, sharing } = tables;
    this.#owners = owners;
    this.#sharing = sharing && new SharingInForce(sharing, tables, this.#events, this.#surroundings);
    return {
      flows: this.#flows,
      guard: this.#guard,
      clients: this.#clients,
      fragments: this.#fragments,
      strangers: this.#strangers,
      hashSeed,
      localAddresses: localAddresses.map(addressToBytes),
      localPorts,
      owners,
      sharing: this.#sharing,
    };
  }
}

function messageOf(packet: IpPacket): 'echo_request' | 'error' | 'other' {
  if (isEchoRequest(packet)) return 'echo_request';
  return isIcmpError(packet) ? 'error' : 'other';
}
