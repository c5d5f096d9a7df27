import type { DropReason } from '../drop-reason.js';
import { translatesAddresses } from '../forwarding-method.js';
import type { TraceStep } from '../packet-trace.js';
import { TICK_MS } from '../tick.js';
import type { Arrival } from './arrival.js';
import { mayTakeFlows } from './backend.js';
import { choicesOf } from './choices.js';
import type { Flow, Translation } from './flow.js';
import { type FlowState, firstState, firstStateOfUnknown, nextState, opensConnection } from './flow-state.js';
import type { Flows } from './flow-table.js';
import type { FragmentWays } from './fragment-table.js';
import type { Doorkeeper } from './guard.js';
import { type LocalEnds, nearEnd } from './near-end.js';
import type { OwnersRules } from './owners-in-force.js';
import type { ClientNetworks } from './persistent-clients.js';
import { schedule } from './schedule.js';
import type { Backend } from './service.js';
import { hashedRow, hashOfFlow, remembersFlows, type Service } from './service.js';
import type { SharingRules } from './sharing-in-force.js';
import type { Strangers } from './strangers.js';
import { type TellStep, tracedBackend } from './tell-step.js';
import { isTcp } from './transport.js';
import type { Tuple } from './tuple.js';

/** What a choice reads, and remembers in. */
export interface Memory extends LocalEnds {
  readonly flows: Flows;
  readonly guard: Doorkeeper;
  readonly clients: ClientNetworks;
  readonly fragments: FragmentWays;
  readonly strangers: Pick<Strangers, 'remember' | 'has'>;
  readonly hashSeed: bigint;
  /** Absent: all flows that reach this node are its own. */
  readonly owners: OwnersRules | undefined;
  /** Absent: nobody is told of flows, and nobody asked. */
  readonly sharing: SharingRules | undefined;
  /** Present: the packet is only traced, and changes nothing. */
  readonly tell?: TellStep;
}

export type Choice =
  | {
      readonly kind: 'chosen';
      readonly backend: Backend;
      readonly hash: number;
      readonly translation: Translation | undefined;
      /** Backends to try after this one, in turn; of `choices` only. */
      readonly hops: readonly Backend[];
      /** Of its flow before this packet; `new`: this one began it; undefined: no flow is remembered. */
      readonly stateBefore: FlowState | 'new' | undefined;
    }
  | { readonly kind: 'refused'; readonly reason: DropReason };

/** Somebody that user space can ask may know the packet's flow. */
export interface Unknown {
  readonly kind: 'unknown';
  /** Where the packet goes if it can't be handed up. */
  readonly otherwise: () => Choice;
}

/** A packet of a client, as far as the choice goes. */
export type ClientPacket = Tuple & { readonly tcpFlags: number };

/** When a packet is decided about, and what was asked about it before. */
type Moment = Pick<Arrival, 'nowTicks' | 'isSettled'>;

/** docs/packet-path.md, sections 3, 7 and 8. What another node may know goes there: then the backend is that node. */
export function chooseBackend(
  memory: Memory,
  service: Service,
  packet: ClientPacket,
  moment: Moment & Pick<Arrival, 'handedOver'>,
): Choice | Unknown {
  const { nowTicks, handedOver, isSettled = false } = moment;
  if (service.scheduling.pick === 'choices') return chooseByChoices(memory, service, packet);
  const hash = hashOfFlow(memory.hashSeed, packet);
  const row = hashedRow(service, memory.hashSeed, packet);
  if (!remembersFlows(service)) return chooseByRow(memory, service, packet, row, hash, moment);
  const flow = flowOf(memory, service, packet, nowTicks);
  if (flow !== undefined) return goOn(memory, flow, packet, hash, nowTicks, true);

  const begins = !isTcp(packet.protocol) || opensConnection(packet.tcpFlags);
  const elsewhere = isSettled ? undefined : memory.owners?.elsewhere(packet, begins, nowTicks, handedOver);
  if (elsewhere !== undefined) return { ...withoutFlow(elsewhere.backend, hash), ...elsewhere };
  const ofRow = row === undefined ? undefined : service.rows[row];
  // Nobody knows a settled one: its next packets are not asked about.
  const isRemembered = isSettled && ofRow !== undefined;
  const byHash = () => {
    tellRow(memory, service, row);
    return isRemembered ? remember(memory, ofRow, packet, hash, moment) : withoutFlow(ofRow, hash);
  };
  const translates = translatesAddresses(service.forwarding);
  if (!isSettled && memory.sharing?.asksAbout(packet)) {
    return { kind: 'unknown', otherwise: translates ? () => refused('takeover_rate') : byHash };
  }
  if (!begins) return translates ? refused('no_flow') : byHash();
  if (!memory.guard.admitsSource(packet.source, nowTicks)) return refused('source_rate');
  if (!memory.guard.admitsFlow(nowTicks)) return translates ? refused('flow_rate') : byHash();
  const backend = pick(memory, service, row, packet, nowTicks);
  return backend === undefined ? refused('no_backend') : begin(memory, backend, packet, hash, moment);
}

/** The row says where a flow goes; a kept row also remembers it, because a change of members moves the row, or has. */
function chooseByRow(
  memory: Memory,
  service: Service,
  packet: ClientPacket,
  row: number | undefined,
  hash: number,
  moment: Moment,
): Choice | Unknown {
  const { nowTicks, isSettled = false } = moment;
  const backend = row === undefined ? undefined : service.rows[row];
  tellRow(memory, service, row);
  if (row === undefined || !service.keptRows.has(row)) return withoutFlow(backend, hash);
  const flow = flowOf(memory, service, packet, nowTicks);
  if (flow !== undefined) {
    const isPinned = flow.backend !== backend;
    if (isPinned && memory.tell === undefined) service.neededRows.add(row);
    return goOn(memory, flow, packet, hash, nowTicks, isPinned);
  }
  if (!isSettled && memory.sharing?.asksAbout(packet)) {
    return { kind: 'unknown', otherwise: () => withoutFlow(backend, hash) };
  }
  // A settled one has been counted by those that are asked about.
  if (backend === undefined || !(isSettled || memory.guard.admitsFlow(nowTicks))) return withoutFlow(backend, hash);
  return begin(memory, backend, packet, hash, moment);
}

/** Nothing is remembered: who has the flow is found among the choices. */
function chooseByChoices(memory: Memory, service: Service, packet: Tuple): Choice {
  const { backends, hash } = choicesOf(service, packet);
  if (service.rows.length === 0) tellRow(memory, service, undefined);
  else memory.tell?.({ step: 'choices', backends: backends.map((backend) => tracedBackend(backend)) });
  const [first, ...hops] = backends;
  const choice = withoutFlow(first, hash);
  return choice.kind === 'chosen' ? { ...choice, hops } : choice;
}

/** The same for a packet that only tells of a flow: nothing is remembered, counted or kept alive. */
export function findBackend(
  memory: Memory,
  service: Service,
  packet: Tuple,
  nowTicks: number,
  handedOver?: readonly Backend[],
): Choice {
  if (service.scheduling.pick === 'choices') return chooseByChoices(memory, service, packet);
  const hash = hashOfFlow(memory.hashSeed, packet);
  const row = hashedRow(service, memory.hashSeed, packet);
  tellRow(memory, service, row);
  const mayHaveFlow = remembersFlows(service) || (row !== undefined && service.keptRows.has(row));
  const flow = mayHaveFlow ? flowOf(memory, service, packet, nowTicks) : undefined;
  if (flow !== undefined) return chosen(flow.backend, hash, flow.translation, flow.state);
  const elsewhere = remembersFlows(service) ? memory.owners?.elsewhere(packet, false, nowTicks, handedOver) : undefined;
  if (elsewhere !== undefined) return { ...withoutFlow(elsewhere.backend, hash), ...elsewhere };
  if (translatesAddresses(service.forwarding)) return refused('icmp_unknown');
  return withoutFlow(row === undefined ? undefined : service.rows[row], hash);
}

/** What is remembered of a flow whose packets went to another service is over. */
function flowOf({ flows, tell }: Memory, service: Service, packet: Tuple, nowTicks: number): Flow | undefined {
  const found = flows.ofClient(packet, nowTicks);
  const flow = found?.backend.service === service ? found : undefined;
  if (found !== undefined && flow === undefined) flows.end(found);
  tell?.(flowStep(flow, nowTicks));
  return flow;
}

function flowStep(flow: Flow | undefined, nowTicks: number): TraceStep {
  if (flow === undefined) return { step: 'flow', known: false };
  const { backend, state, lastSeen } = flow;
  const idleSeconds = (nowTicks - lastSeen.client) * (TICK_MS / 1000);
  return { step: 'flow', known: true, backend: tracedBackend(backend), state, idleSeconds };
}

/** A service without rows has one that points nowhere. */
function tellRow({ tell }: Memory, { rows, keptRows }: Service, row: number | undefined): void {
  tell?.({ step: 'row', row: row ?? 0, backend: tracedBackend(rows[row ?? 0]), kept: keptRows.has(row ?? 0) });
}

/** @param isTold  other nodes could not say themselves where the flow goes */
function goOn(
  { flows, sharing }: Memory,
  flow: Flow,
  packet: ClientPacket,
  hash: number,
  nowTicks: number,
  isTold: boolean,
): Choice {
  const { backend, translation, state, lastSeen } = flow;
  const isFirstOfTick = lastSeen.client !== nowTicks;
  flows.touch(flow, 'client', nextState(state, 'client', packet.tcpFlags), nowTicks);
  if (flow.state === 'syn' && state !== 'syn') beginAnew(flow, flows, dueTickOf(sharing, nowTicks));
  if (isTold && (isFirstOfTick || flow.state !== state)) {
    sharing?.tellIfDue(flow, flows.timeoutOf(flow.state), nowTicks);
  }
  return chosen(backend, hash, translation, state);
}

/** Another connection by the same addresses and ports. */
function beginAnew(flow: Flow, flows: Flows, dueTick: number): void {
  flows.tellEnd(flow);
  flow.dueTick = dueTick;
}

/** When a flow that begins now is to be told. */
export function dueTickOf(sharing: SharingRules | undefined, nowTicks: number): number {
  return nowTicks + (sharing?.tellAfterTicks ?? 0);
}

function pick(
  { clients, tell }: Memory,
  service: Service,
  row: number | undefined,
  packet: ClientPacket,
  nowTicks: number,
): Backend | undefined {
  const { persistence } = service;
  const former = persistence && clients.find(service, persistence, packet.source, nowTicks);
  const kept = former !== undefined && mayTakeFlows(former) ? former : undefined;
  if (persistence !== undefined) tell?.({ step: 'persistence', backend: tracedBackend(kept) });
  if (kept !== undefined) return kept;
  const turns = tell === undefined ? service : { ...service, localities: new Map(service.localities) };
  const picked = row === undefined ? undefined : schedule(turns, row, packet.destination);
  tell?.({ step: 'scheduled', by: service.scheduling.pick, backend: tracedBackend(picked) });
  return picked;
}

function begin(memory: Memory, backend: Backend, packet: ClientPacket, hash: number, moment: Moment): Choice {
  const { persistence } = backend.service;
  if (persistence !== undefined) memory.clients.remember(backend, persistence, packet.source, moment.nowTicks);
  return remember(memory, backend, packet, hash, moment);
}

function remember(
  memory: Memory,
  backend: Backend,
  packet: ClientPacket,
  hash: number,
  { nowTicks, isSettled = false }: Moment,
): Choice {
  const { flows, sharing } = memory;
  const { forwarding } = backend.service;
  let translation: Translation | undefined;
  if (translatesAddresses(forwarding)) {
    const far = { address: backend.address, port: backend.port || packet.destinationPort };
    const near = nearEnd(memory, forwarding, packet, far, hash, nowTicks);
    if (near === undefined) return refused('no_local_port');
    translation = { near, far };
  }
  flows.add({
    protocol: packet.protocol,
    client: { address: packet.source, port: packet.sourcePort },
    vip: { address: packet.destination, port: packet.destinationPort },
    backend,
    translation,
    state: (isSettled ? firstStateOfUnknown : firstState)(packet.protocol, packet.tcpFlags),
    lastSeen: { client: nowTicks, server: nowTicks },
    dueTick: dueTickOf(sharing, nowTicks),
    told: undefined,
  });
  return chosen(backend, hash, translation, 'new');
}

function withoutFlow(backend: Backend | undefined, hash: number): Choice {
  return backend === undefined ? refused('no_backend') : chosen(backend, hash, undefined, undefined);
}

function chosen(
  backend: Backend,
  hash: number,
  translation: Translation | undefined,
  stateBefore: FlowState | 'new' | undefined,
): Choice {
  return { kind: 'chosen', backend, hash, translation, hops: [], stateBefore };
}

function refused(reason: DropReason): Choice {
  return { kind: 'refused', reason };
}
