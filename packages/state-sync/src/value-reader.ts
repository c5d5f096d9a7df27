import type { FlowStore } from './flow-store.js';

/** Ids that are asked for together. */
const IDS_PER_BATCH = 256;
/** How long a first one waits for others. */
const BATCH_DELAY_MS = 1;
/** Ids that are waiting or under way at most; beyond, the store counts as unavailable. */
const PENDING_MAX = 65_536;

interface Asked {
  readonly id: Buffer;
  readonly answer: (value: Uint8Array | undefined | 'unavailable') => void;
}

/** Reads values of a store, those that are asked for at about the same time in one go. */
export class ValueReader {
  readonly #store: FlowStore;
  readonly #onOutcome: (error: Error | undefined) => void;
  #asked: Asked[] = [];
  #pending = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onOutcome  told of each batch: whether the store answered */
  constructor(store: FlowStore, onOutcome: (error: Error | undefined) => void) {
    this.#store = store;
    this.#onOutcome = onOutcome;
  }

  read(id: Buffer): Promise<Uint8Array | undefined | 'unavailable'> {
    if (!this.#store.isAvailable || this.#pending >= PENDING_MAX) return Promise.resolve('unavailable');
    return new Promise((answer) => {
      this.#pending++;
      this.#asked.push({ id, answer });
      if (this.#asked.length >= IDS_PER_BATCH) this.#send();
      else this.#timer ??= setTimeout(() => this.#send(), BATCH_DELAY_MS);
    });
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const asked = this.#asked;
    this.#asked = [];
    this.#store
      .read(asked.map(({ id }) => id))
      .then(
        (values) => {
          this.#onOutcome(undefined);
          return values;
        },
        (error: Error) => {
          this.#onOutcome(error);
          return undefined;
        },
      )
      .then((values) => {
        this.#pending -= asked.length;
        for (const [index, { answer }] of asked.entries()) answer(values === undefined ? 'unavailable' : values[index]);
      });
  }
}
