import { FLOW_IMAGE_BYTES } from '@weir/packet';
import type { FlowStore } from './flow-store.js';
import { encodeYieldMessage, yieldChannel } from './yield-message.js';

/** Flows in one message at most. */
const FLOWS_PER_MESSAGE = 512;
/** Flows that wait to be told to their former owners at most. */
const WAITING_MAX = 100_000;

export interface YieldSenderOptions {
  readonly store: FlowStore;
  readonly secret: Uint8Array;
  readonly delayMs: number;
}

/**
 * Tells former owners that their flows are served elsewhere, many in one message. Nobody answers: most former owners are
 * dead, and one that lives and does not hear of it keeps a flow that it sees nothing of until it expires.
 */
export class YieldSender implements Disposable {
  readonly #waiting = new Map<number, Uint8Array[]>();
  #count = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: YieldSenderOptions) {}

  /** Flows whose former owners were not told, because the store was gone or there were too many. */
  get dropped(): number {
    return this.#dropped;
  }

  add(owner: number, image: Uint8Array): void {
    if (this.#count >= WAITING_MAX) {
      this.#dropped++;
      return;
    }
    this.#count++;
    const images = this.#waiting.get(owner) ?? [];
    this.#waiting.set(owner, images);
    images.push(image.slice(0, FLOW_IMAGE_BYTES));
    this.#timer ??= setTimeout(() => this.send(), this.options.delayMs);
  }

  /** Tells now what waits. */
  send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { store, secret } = this.options;
    for (const [owner, images] of this.#waiting) {
      for (let first = 0; first < images.length; first += FLOWS_PER_MESSAGE) {
        const some = images.slice(first, first + FLOWS_PER_MESSAGE);
        store.publish(yieldChannel(owner), encodeYieldMessage(Buffer.concat(some), owner, secret)).catch(() => {
          this.#dropped += some.length;
        });
      }
    }
    this.#waiting.clear();
    this.#count = 0;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }
}
