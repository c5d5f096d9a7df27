import { isDeepStrictEqual } from 'node:util';
import type { ForwardingTables, ServiceKey } from '../dataplane.js';
import { TICK_MS } from '../tick.js';
import type { EngineUnderTest, FlowSeen, Outcome } from './engine-under-test.js';
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
  readonly difference: Difference | undefined;
}

/** A second in between, so that no rate counts what another scenario did. */
const TICKS_BETWEEN = 2;

/**
 * Plays a scenario to both engines: actions and bytes after each packet; connections and flows after each wait; drops
 * and counts at the end.
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
          difference: { step, what, ours: a, theirs: b, frames: captured },
        };

  const [tables] = scenario.tables;
  let listeners = listenersOf(tables);
  let owners = tables?.owners;
  for (const engine of engines) {
    await engine.reset();
    engine.setClock(nowTicks);
    if (tables !== undefined) await engine.apply(tables);
  }
  const dropsBefore = await both(engines, (engine) => engine.drops());

  for (const [number, step] of scenario.steps.entries()) {
    if (step.kind === 'wait') {
      nowTicks += step.ticks;
      setClocks();
      const [a, b] = [sorted(ours.flows()), sorted(theirs.flows())];
      const difference = differing(number, 'flows', a, b);
      if (difference !== undefined) return difference;
      continue;
    }
    if (step.kind === 'apply') {
      const next = scenario.tables[step.tables % scenario.tables.length];
      const difference = differing(number, 'needed rows', ours.neededRows(), theirs.neededRows());
      if (difference !== undefined) return difference;
      if (next !== undefined) for (const engine of engines) await engine.apply(next);
      listeners = listenersOf(next);
      owners = next?.owners;
      continue;
    }
    const frame = frameOfStep(step, { listeners, owners, arrived, left });
    if (frame === undefined) continue;
    arrived.push(frame);
    captured.push({ atMs: nowTicks * TICK_MS, frame });
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
    if (a.action === 'transmit') left.push(a.frame);
  }

  const last = scenario.steps.length;
  const [dropsOfOurs, dropsOfTheirs] = await dropsSince(engines, dropsBefore);
  const services = await both(engines, async (engine) => counts(await engine.traffic()));
  return (
    differing(last, 'drops', dropsOfOurs, dropsOfTheirs) ??
    differing(last, 'flows', sorted(ours.flows()), sorted(theirs.flows())) ??
    differing(last, 'needed rows', ours.neededRows(), theirs.neededRows()) ??
    differing(last, 'counts of services', services[0], services[1]) ?? {
      packets: arrived.length,
      nowTicks,
      dropReasons: Object.keys(dropsOfOurs ?? {}),
      difference: undefined,
    }
  );
}

function listenersOf(tables: ForwardingTables | undefined): readonly ServiceKey[] {
  return tables?.services.flatMap((service) => service.listeners) ?? [];
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

function inWords(outcome: Outcome): string {
  if (outcome.action !== 'transmit') return outcome.action;
  return `${outcome.back ? 'back' : 'on'} ${Buffer.from(outcome.frame).toString('hex')}`;
}

function sorted(flows: readonly FlowSeen[]): readonly string[] {
  return flows.map(({ backend, state, lastSeen }) => `${backend} ${state} ${lastSeen}`).sort();
}

type DropCounts = Readonly<Record<string, number>>;

function increase(before: DropCounts, after: DropCounts): DropCounts {
  const changes = Object.entries(after).map(([reason, count]) => [reason, count - (before[reason] ?? 0)] as const);
  return Object.fromEntries(changes.filter(([, count]) => count !== 0));
}

function counts({ services, handovers }: Awaited<ReturnType<EngineUnderTest['traffic']>>): readonly string[] {
  const toNodes = handovers.map(({ address, packets, bytes }) => `node ${address}: ${packets} packets, ${bytes} bytes`);
  return services
    .flatMap(({ vip, protocol, port, packets, bytes, backends }) => [
      `${vip} ${protocol} ${JSON.stringify(port)}: ${packets} packets, ${bytes} bytes`,
      ...backends.map(
        ({ address, activeConnections, inactiveConnections, ...traffic }) =>
          `${vip} ${protocol} ${JSON.stringify(port)} ${address}: ${traffic.packets} packets, ${traffic.bytes} bytes, ` +
          `${activeConnections} active, ${inactiveConnections} inactive`,
      ),
    ])
    .concat(toNodes)
    .sort();
}
