import { isDeepStrictEqual } from 'node:util';
import { FLOW_IMAGE_BYTES } from '@weir/packet';
import type { FlowEvents, MissedPacket, SharingCounts } from '../flow-sharing.js';
import type { PacketTrace } from '../packet-trace.js';
import { TICK_MS } from '../tick.js';
import type { EngineUnderTest, FlowSeen, Outcome } from './engine-under-test.js';
import { foundFlow } from './found-flow.js';
import type { CapturedFrame } from './pcap.js';
import { frameOfStep, type Scenario } from './scenario.js';

/** Where two engines went apart, and the frames up to there: what arrived, then what each of them sent. */
export interface Difference {
  readonly step: number;
  readonly what: string;
  readonly ours: unknown;
  readonly theirs: unknown;
  readonly frames: readonly CapturedFrame[];
}

export interface Comparison {
  readonly packets: number;
  readonly nowTicks: number;
  /** Why packets were dropped, by the first engine's word. */
  readonly dropReasons: readonly string[];
  /** What happened to flows that are shared, likewise. */
  readonly sharing: readonly string[];
  readonly difference: Difference | undefined;
}

/** So many packets to one that is traced before it is forwarded: that takes as long as all else. */
const TRACED_EVERY = 3;
/** And to one whose trace must leave all memory as it was, which takes a millisecond to see. */
const WATCHED_EVERY = 24;
/** So long in between that no rate counts what another scenario did, and its strangers are forgotten. */
const TICKS_BETWEEN = 3;

/**
 * Plays a scenario to both engines: actions and bytes after each packet; what is told of flows after each step;
 * connections and flows after each wait; drops and counts at the end.
 *
 * @param ours    what is told as `ours`; its frames are those that answers and errors are about
 * @param startTicks  of the clock; never earlier than where the last comparison ended
 */
export async function compareEngines(
  scenario: Scenario,
  ours: EngineUnderTest,
  theirs: EngineUnderTest,
  startTicks: number,
): Promise<Comparison> {
  const engines = [ours, theirs] as const;
  const [arrived, left]: [Uint8Array[], Uint8Array[]] = [[], []];
  const captured: CapturedFrame[] = [];
  const missed: MissedPacket[] = [];
  const told: Uint8Array[] = [];
  const [endedOfOurs, endedOfTheirs]: [Uint8Array[], Uint8Array[]] = [[], []];
  const happened = new Set<string>();
  let nowTicks = startTicks + TICKS_BETWEEN;
  const setClocks = () => {
    for (const engine of engines) engine.setClock(nowTicks);
  };
  const differing = (step: number, what: string, a: unknown, b: unknown): Comparison | undefined =>
    isDeepStrictEqual(a, b)
      ? undefined
      : {
          packets: arrived.length,
          nowTicks,
          dropReasons: [],
          sharing: [],
          difference: { step, what, ours: a, theirs: b, frames: captured },
        };

  const [tables] = scenario.tables;
  let inForce = tables;
  for (const engine of engines) {
    await engine.reset();
    engine.setClock(nowTicks);
    engine.events();
    if (tables !== undefined) await engine.apply(tables);
  }
  const dropsBefore = await both(engines, (engine) => engine.drops());
  const sharingBefore = engines.map((engine) => engine.sharingCounts());
  const eventsDiffer = (step: number): Comparison | undefined => {
    const [a, b] = [ours.events(), theirs.events()];
    missed.push(...a.missed);
    told.push(...imagesIn(a.told), ...imagesIn(a.refreshed));
    for (const what of kindsOf(a)) happened.add(what);
    endedOfOurs.push(...imagesIn(a.ended));
    endedOfTheirs.push(...imagesIn(b.ended));
    return differing(step, 'events', inOrder(a), inOrder(b));
  };
  // Who meets what is over need not take it out: a sweep does.
  const afterSweep = (step: number): Comparison | undefined => {
    setClocks();
    return (
      differing(step, 'flows', sorted(ours.flows()), sorted(theirs.flows())) ??
      eventsDiffer(step) ??
      differing(step, 'ended flows', imagesOf(endedOfOurs), imagesOf(endedOfTheirs)) ??
      differing(step, 'told flows', imagesOf(ours.told()), imagesOf(theirs.told()))
    );
  };

  for (const [number, step] of scenario.steps.entries()) {
    if (step.kind === 'wait') {
      nowTicks += step.ticks;
      const difference = afterSweep(number);
      if (difference !== undefined) return difference;
      continue;
    }
    if (step.kind === 'settle') {
      const packet = missed.at(-1 - (step.missed % missed.length));
      if (packet === undefined) continue;
      const flow = foundFlow(packet, step.finding, told, inForce?.services ?? []);
      const [a, b] = [ours, theirs].map((engine) => engine.settle({ packet, flow: flow?.slice() }));
      if (a === undefined || b === undefined) continue;
      happened.add(a.settlement);
      captured.push({ atMs: nowTicks * TICK_MS, frame: packet.frame });
      const difference =
        differing(number, 'settlement', a.settlement, b.settlement) ??
        differing(number, 'outcome of settled', inWords(a.outcome), inWords(b.outcome)) ??
        eventsDiffer(number);
      if (difference !== undefined) return difference;
      if (a.outcome.action === 'transmit') left.push(a.outcome.frame);
      continue;
    }
    if (step.kind === 'forget') {
      // What is over ends, be it forgotten now or not.
      setClocks();
      const last = told.length - (step.told % (told.length || 1));
      const images = Buffer.concat(told.slice(Math.max(0, last - step.flows), last));
      for (const engine of engines) engine.forget(images);
      const difference =
        differing(number, 'flows', sorted(ours.flows()), sorted(theirs.flows())) ?? eventsDiffer(number);
      if (difference !== undefined) return difference;
      continue;
    }
    if (step.kind === 'apply') {
      const next = scenario.tables[step.tables % scenario.tables.length];
      const difference = differing(number, 'needed rows', ours.neededRows(), theirs.neededRows());
      if (difference !== undefined) return difference;
      if (next !== undefined) for (const engine of engines) await engine.apply(next);
      inForce = next;
      const differenceOfEvents = eventsDiffer(number);
      if (differenceOfEvents !== undefined) return differenceOfEvents;
      continue;
    }
    const frame = frameOfStep(step, { tables: inForce, arrived, missed, left });
    if (frame === undefined) continue;
    arrived.push(frame);
    captured.push({ atMs: nowTicks * TICK_MS, frame });
    const isTraced = arrived.length % TRACED_EVERY === 0;
    const isWatched = arrived.length % WATCHED_EVERY === 0;
    const before = isWatched ? engines.map((engine) => engine.memory()) : [];
    const [traceOfOurs, traceOfTheirs] = isTraced ? await both(engines, (engine) => engine.trace(frame.slice())) : [];
    const after = isWatched ? engines.map((engine) => engine.memory()) : [];
    const differenceOfTraces =
      differing(number, 'trace', traceOfOurs, traceOfTheirs) ?? differing(number, 'memory by a trace', before, after);
    if (differenceOfTraces !== undefined) return differenceOfTraces;
    const [a, b] = [ours.run(frame.slice()), theirs.run(frame.slice())];
    for (const outcome of [a, b]) {
      if (outcome.action === 'transmit') captured.push({ atMs: nowTicks * TICK_MS, frame: outcome.frame });
    }
    if (inWords(a) !== inWords(b)) {
      const [reasonOfOurs, reasonOfTheirs] = await dropsSince(engines, dropsBefore);
      return differing(
        number,
        'outcome',
        { outcome: inWords(a), drops: reasonOfOurs },
        { outcome: inWords(b), drops: reasonOfTheirs },
      ) as Comparison;
    }
    const difference =
      differing(number, 'what was foretold', traceOfOurs && foretold(traceOfOurs), traceOfOurs && inWords(a, false)) ??
      eventsDiffer(number);
    if (difference !== undefined) return difference;
    if (a.action === 'transmit') left.push(a.frame);
  }

  const last = scenario.steps.length;
  const differenceAtLast = afterSweep(last);
  if (differenceAtLast !== undefined) return differenceAtLast;
  const [dropsOfOurs, dropsOfTheirs] = await dropsSince(engines, dropsBefore);
  const sharingCounts = engines.map((engine, i) => increase(sharingBefore[i], engine.sharingCounts()));
  const services = await both(engines, async (engine) => counts(await engine.traffic()));
  return (
    differing(last, 'drops', dropsOfOurs, dropsOfTheirs) ??
    differing(last, 'needed rows', ours.neededRows(), theirs.neededRows()) ??
    differing(last, 'counts of sharing', sharingCounts[0], sharingCounts[1]) ??
    differing(last, 'counts of services', services[0], services[1]) ?? {
      packets: arrived.length,
      nowTicks,
      dropReasons: Object.keys(dropsOfOurs ?? {}),
      sharing: [...happened],
      difference: undefined,
    }
  );
}

async function both<T>(
  engines: readonly [EngineUnderTest, EngineUnderTest],
  ask: (engine: EngineUnderTest) => Promise<T>,
): Promise<readonly T[]> {
  return Promise.all(engines.map(ask));
}

async function dropsSince(engines: readonly [EngineUnderTest, EngineUnderTest], before: readonly DropCounts[]) {
  const drops = await both(engines, (engine) => engine.drops());
  return drops.map((after, i) => increase(before[i] ?? {}, after));
}

/** @param tellsWay  whether it left by the interface that it came from */
function inWords(outcome: Outcome, tellsWay = true): string {
  if (outcome.action !== 'transmit') return outcome.action;
  return `${tellsWay ? (outcome.back ? 'back' : 'on') : 'out'} ${hexOf(outcome.frame)}`;
}

function foretold({ verdict: { kind }, packet }: PacketTrace): string {
  if (packet !== undefined) return `out ${hexOf(packet)}`;
  return kind === 'passed' ? 'pass' : 'drop';
}

function sorted(flows: readonly FlowSeen[]): readonly string[] {
  return flows.map(({ backend, state, lastSeen }) => `${backend} ${state} ${lastSeen}`).sort();
}

/** Images of flows come in no order; packets do. Ends come sooner or later. */
function inOrder({ told, refreshed, missed }: FlowEvents) {
  return {
    told: imagesOf([told]),
    refreshed: imagesOf([refreshed]),
    missed: missed.map(
      ({ direction, image, frame, ifindex, handedOver }) =>
        `${direction} ${hexOf(image)} at ${ifindex}${handedOver ? ', handed over' : ''}: ${hexOf(frame)}`,
    ),
  };
}

function kindsOf({ told, refreshed, ended, missed }: FlowEvents): readonly string[] {
  const images = Object.entries({ told, refreshed, ended }).filter(([, bytes]) => bytes.byteLength > 0);
  return [...images.map(([kind]) => kind), ...missed.map(({ direction }) => `missed ${direction}`)];
}

function imagesIn(bytes: Uint8Array): readonly Uint8Array[] {
  const count = bytes.byteLength / FLOW_IMAGE_BYTES;
  return Array.from({ length: count }, (_, i) => bytes.slice(i * FLOW_IMAGE_BYTES, (i + 1) * FLOW_IMAGE_BYTES));
}

function imagesOf(pieces: Iterable<Uint8Array>): readonly string[] {
  return [...pieces].flatMap(imagesIn).map(hexOf).sort();
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

type DropCounts = Readonly<Record<string, number>>;

function increase(before: DropCounts | SharingCounts = {}, after: DropCounts | SharingCounts): DropCounts {
  const start: DropCounts = { ...before };
  const changes = Object.entries(after).map(([reason, count]) => [reason, count - (start[reason] ?? 0)] as const);
  return Object.fromEntries(changes.filter(([, count]) => count !== 0));
}

function counts({ services, handovers }: Awaited<ReturnType<EngineUnderTest['traffic']>>): readonly string[] {
  const toNodes = handovers.map(({ address, packets, bytes }) => `node ${address}: ${packets} packets, ${bytes} bytes`);
  return services
    .flatMap(({ vip, protocol, port, packets, bytes, newFlows, backends }) => [
      `${vip} ${protocol} ${JSON.stringify(port)}: ${packets} packets, ${bytes} bytes, ${newFlows} new flows`,
      ...backends.map(
        ({ address, activeConnections, inactiveConnections, attempts, ...traffic }) =>
          `${vip} ${protocol} ${JSON.stringify(port)} ${address}: ${traffic.packets} packets, ${traffic.bytes} bytes, ` +
          `${activeConnections} active, ${inactiveConnections} inactive, ${traffic.newFlows} new, ` +
          `attempts ${JSON.stringify(attempts)}`,
      ),
    ])
    .concat(toNodes)
    .sort();
}
