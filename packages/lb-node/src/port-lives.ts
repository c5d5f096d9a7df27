import type { FlowStore } from '@weir/state-sync';

/** A name that nobody renews for so long is not one of a life that matters. */
const TAKEN_MS = 365 * 24 * 3_600_000;

/** As many as there are turns of ports. */
const NUMBERS = [0, 1, 2, 3] as const;

/** What the lives of a node are counted by. */
export interface PortLivesOptions {
  readonly store: Pick<FlowStore, 'held' | 'hold' | 'release'>;
  readonly nodeName: string;
  /** The flow table of the former process was taken over: its life goes on. */
  readonly isSameLife: boolean;
}

/**
 * Counts the lives of a node, modulo 4, by which of four names is held in the store. Only this node writes them, so nothing
 * has to happen at once; and to write them twice changes nothing.
 */
export class PortLives {
  readonly #options: PortLivesOptions;
  #number: number | undefined;

  constructor(options: PortLivesOptions) {
    this.#options = options;
  }

  /** 0 to 3, and after 3 again 0. Undefined: the store is not reachable, which it tells itself. */
  async number(): Promise<number | undefined> {
    const { store } = this.#options;
    try {
      const number = await this.#choose();
      this.#number = number;
      await store.hold(this.#nameOf(number), TAKEN_MS);
      // The oldest first, so that those which stay, should the store go meanwhile, are one run that ends with the last.
      for (let other = next(number); other !== number; other = next(other)) await store.release(this.#nameOf(other));
      return number;
    } catch {
      return undefined;
    }
  }

  async #choose(): Promise<number> {
    if (this.#number !== undefined) return this.#number;
    const { store, isSameLife } = this.#options;
    const held = await store.held(NUMBERS.map((number) => this.#nameOf(number)));
    const last = lastOf(held);
    if (last === undefined) return 0;
    return isSameLife ? last : next(last);
  }

  #nameOf(number: number): string {
    return `ports/${this.#options.nodeName}/${number}`;
  }
}

/** A life that ended before it had released the names of those before has left several: the last one is that without a next. */
function lastOf(held: readonly boolean[]): number | undefined {
  return NUMBERS.find((number) => held[number] && !held[next(number)]) ?? NUMBERS.find((number) => held[number]);
}

function next(number: number): number {
  return (number + 1) % NUMBERS.length;
}
