import type { FlowStore } from '@weir/state-sync';

/** A name that nobody renews for so long is not one of a life that matters. */
const TAKEN_MS = 365 * 24 * 3_600_000;

type Parity = 0 | 1;

/** What the lives of a node are counted by. */
export interface PortLivesOptions {
  readonly store: Pick<FlowStore, 'held' | 'hold' | 'release'>;
  readonly nodeName: string;
  /** The flow table of the former process was taken over: its life goes on. */
  readonly isSameLife: boolean;
}

/**
 * Counts the lives of a node, modulo 2, by which of two names is held in the store. Only this node writes them, so nothing
 * has to happen at once; and to write them twice changes nothing.
 */
export class PortLives {
  readonly #options: PortLivesOptions;
  #parity: Parity | undefined;

  constructor(options: PortLivesOptions) {
    this.#options = options;
  }

  /** 0 or 1, the other one than in the life before. Undefined: the store is not reachable, which it tells itself. */
  async number(): Promise<number | undefined> {
    const { store } = this.#options;
    try {
      this.#parity ??= await this.#choose();
      await store.hold(this.#nameOf(this.#parity), TAKEN_MS);
      await store.release(this.#nameOf(this.#parity === 0 ? 1 : 0));
      return this.#parity;
    } catch {
      return undefined;
    }
  }

  async #choose(): Promise<Parity> {
    const { store, isSameLife } = this.#options;
    const [isEven = false, isOdd = false] = await store.held([this.#nameOf(0), this.#nameOf(1)]);
    if (!isEven && !isOdd) return 0;
    return isSameLife === isOdd ? 1 : 0;
  }

  #nameOf(parity: Parity): string {
    return `ports/${this.#options.nodeName}/${parity === 0 ? 'even' : 'odd'}`;
  }
}
