import { STRANGER_TICKS } from '../tick.js';
import { isExpired } from './ticks.js';
import { type Tuple, tupleText } from './tuple.js';

/** Answers that nobody knew the flow of; for a while theirs is not asked about again: docs/packet-path.md, section 8. */
export class Strangers {
  readonly #max: number;
  /** When they were settled; oldest first. */
  readonly #since = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Who was settled longest ago gives way where there is no room. */
  remember(answer: Tuple, nowTicks: number): void {
    const key = tupleText(answer);
    this.#since.delete(key);
    this.#since.set(key, nowTicks);
    for (const [oldest, since] of this.#since) {
      if (this.#since.size <= this.#max && !isExpired(since, STRANGER_TICKS, nowTicks)) return;
      this.#since.delete(oldest);
    }
  }

  /** The same strangers for a packet that changes nothing. */
  asSeen(): Pick<Strangers, 'remember' | 'has'> {
    return { remember() {}, has: (...asked) => this.has(...asked) };
  }

  has(answer: Tuple, nowTicks: number): boolean {
    const since = this.#since.get(tupleText(answer));
    return since !== undefined && !isExpired(since, STRANGER_TICKS, nowTicks);
  }
}
