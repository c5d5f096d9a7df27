import { Chance } from '../chance.js';
import type { ChurnEvent } from './churn-event.js';
import { Fleet } from './fleet.js';
import { Flows } from './flows.js';
import { OwnerNode, RoutedNode } from './node-choices.js';
import { PinnedPlacement } from './pinned-placement.js';
import { type Outcome, Protection } from './protection.js';
import { ModuloRouter, ResilientRouter } from './router.js';
import { SecondChancePlacement } from './second-chance-placement.js';
import { SharedStatePlacement } from './shared-state-placement.js';
import { MaglevPlacement, ModuloPlacement } from './stateless-placements.js';

export interface ChurnOptions {
  readonly seed: number;
  /** That live at any time. */
  readonly flows: number;
  readonly nodes: number;
  readonly members: number;
  /** Of Weir's rows: 2 to 4. */
  readonly choices: number;
  readonly events: readonly ChurnEvent[];
}

/** From one event to the next. */
const EVENT_EVERY_MS = 600_000;
/** From an event to when all is as before, but for who came and went. */
const SETTLED_AFTER_MS = 300_000;
/** Defaults of a service's `pinning`. */
const PIN_TIMING = { learnMs: 60_000, holdMs: 900_000 } as const;
/** Younger flows are not in Redis. */
const REPLICATED_AFTER_MS = 3000;

export interface ChurnReport {
  /** Flows that were simulated, those included that no change met. */
  readonly flows: number;
  readonly events: readonly EventReport[];
}

export interface EventReport {
  readonly event: string;
  /** Flows that live when it happens. */
  readonly living: number;
  /** By the name of the protection, in the order of {@link protectionNames}. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

/** All protections, side by side: the same flows, the same events. */
export async function simulateChurn(options: ChurnOptions): Promise<ChurnReport> {
  const chance = new Chance(options.seed);
  const fleet = new Fleet(chance, options);
  const flows = new Flows(chance, options.flows);
  const protections = protectionsOf(flows, options);
  const reports: EventReport[] = [];

  // Before the first event every flow that lives has a member.
  await pass(0, EVENT_EVERY_MS);
  for (const [index, event] of options.events.entries()) {
    const eventMs = (index + 1) * EVENT_EVERY_MS;
    const living = flows.living;
    fleet.begin(event, eventMs);
    const before = await pass(eventMs, eventMs + SETTLED_AFTER_MS);
    fleet.settle();
    const after = await pass(eventMs + SETTLED_AFTER_MS, eventMs + EVENT_EVERY_MS);
    reports.push({ event: event.name, living, outcomes: sumOutcomes([...before, ...after]) });
  }
  return { flows: flows.begun, events: reports };

  /** Epoch by epoch, as protections want to be woken. */
  async function pass(startMs: number, endMs: number): Promise<Map<string, Outcome>[]> {
    const outcomes: Map<string, Outcome>[] = [];
    for (let fromMs = startMs; fromMs < endMs; ) {
      for (const { placement } of protections) await placement.change(fleet, fromMs);
      const wakes = protections.map(({ placement }) => placement.wakeMs ?? endMs);
      const toMs = Math.min(endMs, ...wakes.filter((wakeMs) => wakeMs > fromMs));
      const packets = flows.pass({ fromMs, toMs });
      outcomes.push(new Map(protections.map((each) => [each.name, each.deliver(packets, fleet, toMs)])));
      fromMs = toMs;
    }
    return outcomes;
  }
}

function protectionsOf(flows: Flows, { choices }: ChurnOptions): Protection[] {
  const pinned = (router: ModuloRouter | ResilientRouter) => new PinnedPlacement(flows, router, PIN_TIMING);
  const shared = (node: RoutedNode | OwnerNode) => new SharedStatePlacement(flows, node, REPLICATED_AFTER_MS);
  const placements = {
    modulo: new ModuloPlacement(flows),
    Maglev: new MaglevPlacement(flows),
    'GLB, 2 choices': new SecondChancePlacement(flows, 2),
    [`Weir, ${choices} choices`]: new SecondChancePlacement(flows, choices),
    'pinned, modulo routers': pinned(new ModuloRouter()),
    'pinned, resilient routers': pinned(new ResilientRouter()),
    'shared, modulo routers': shared(new RoutedNode(new ModuloRouter())),
    'shared, resilient routers': shared(new RoutedNode(new ResilientRouter())),
    'shared, owner nodes': shared(new OwnerNode(new ModuloRouter(), choices)),
  };
  return Object.entries(placements).map(([name, placement]) => new Protection(name, flows, placement));
}

function sumOutcomes(epochs: readonly ReadonlyMap<string, Outcome>[]): Map<string, Outcome> {
  const sums = new Map<string, Outcome>();
  for (const [name, outcome] of epochs.flatMap((epoch) => [...epoch])) {
    const sum = sums.get(name);
    sums.set(name, sum === undefined ? outcome : sumOf(sum, outcome));
  }
  return sums;
}

function sumOf(a: Outcome, b: Outcome): Outcome {
  return {
    broken: a.broken + b.broken,
    endedWithMember: a.endedWithMember + b.endedWithMember,
    extraHopsPerFlow: Math.max(a.extraHopsPerFlow, b.extraHopsPerFlow),
    lookups: a.lookups + b.lookups,
    memory: {
      tableBytes: Math.max(a.memory.tableBytes, b.memory.tableBytes),
      nodeBytes: Math.max(a.memory.nodeBytes, b.memory.nodeBytes),
      redisBytes: Math.max(a.memory.redisBytes, b.memory.redisBytes),
    },
  };
}
