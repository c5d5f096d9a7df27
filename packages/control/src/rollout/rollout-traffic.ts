import type { NodeRecord } from '../cluster-config.js';
import type { TrafficRate } from './rollout-status.js';

/** Older ones are of no use: `checkFor` is 10 min at most. */
const KEPT_MS = 601_000;

interface Counters {
  readonly packets: number;
  readonly errors: number;
}

interface Sample {
  readonly atMs: number;
  /** By instance: counters of another life begin at 0. */
  readonly counters: ReadonlyMap<string, Counters>;
}

/** A node's first counters may be minutes old: what they grow by once does not count. */
interface Beginning extends Counters {
  /** What that was; undefined: they have not grown yet. */
  readonly jump?: Counters;
}

/** What nodes have counted lately. Times are of one monotonic clock. */
export class RolloutTraffic {
  #samples: Sample[] = [];
  /** By instance. */
  #beginnings = new Map<string, Beginning>();

  /** Notes what nodes say now. */
  note(nodes: Iterable<NodeRecord>, atMs: number): void {
    const counters = new Map(
      [...nodes].flatMap(({ instance, condition }) =>
        condition === undefined ? [] : [[instance, this.#sinceBeginning(instance, condition)] as const],
      ),
    );
    this.#samples = [...this.#samples.filter((sample) => atMs - sample.atMs < KEPT_MS), { atMs, counters }];
  }

  forget(): void {
    this.#samples = [];
    this.#beginnings.clear();
  }

  #sinceBeginning(instance: string, { packets, errors }: Counters): Counters {
    let beginning = this.#beginnings.get(instance) ?? { packets, errors };
    const hasGrown = packets !== beginning.packets || errors !== beginning.errors;
    if (hasGrown && beginning.jump === undefined) {
      beginning = { ...beginning, jump: { packets: packets - beginning.packets, errors: errors - beginning.errors } };
    }
    this.#beginnings.set(instance, beginning);
    const { jump = { packets: 0, errors: 0 } } = beginning;
    return { packets: packets - jump.packets, errors: errors - jump.errors };
  }

  /** Of all nodes over the last `windowMs`; undefined: they have not been looked at for so long. */
  rate(windowMs: number, nowMs: number): TrafficRate | undefined {
    const from = this.#samples.findLast(({ atMs }) => nowMs - atMs >= windowMs);
    const to = this.#samples.at(-1);
    if (from === undefined || to === undefined || to.atMs <= from.atMs) return undefined;
    const seconds = (to.atMs - from.atMs) / 1000;
    let [packets, errors] = [0, 0];
    for (const [instance, now] of to.counters) {
      const before = from.counters.get(instance);
      if (before === undefined) continue;
      packets += Math.max(0, now.packets - before.packets);
      errors += Math.max(0, now.errors - before.errors);
    }
    return { packets: packets / seconds, errors: errors / seconds };
  }
}
