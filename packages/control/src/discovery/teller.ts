import { isDeepStrictEqual } from 'node:util';
import type { DiscoveredBackend, DiscoveryEvent } from './discovery.js';

/** Tells a listener of a {@link Discovery} what is new, and of one trouble once until it is over. */
export class Teller {
  #listener: ((event: DiscoveryEvent) => void) | undefined;
  #backends: readonly DiscoveredBackend[] | undefined;
  #trouble: string | undefined;

  follow(listener: (event: DiscoveryEvent) => void): void {
    this.#listener = listener;
  }

  backends(backends: readonly DiscoveredBackend[]): void {
    if (isDeepStrictEqual(backends, this.#backends)) return;
    this.#backends = backends;
    this.#listener?.({ kind: 'backends', backends });
  }

  /** Undefined: all is well. */
  trouble(message: string | undefined): void {
    if (message === this.#trouble) return;
    this.#trouble = message;
    if (message !== undefined) this.#listener?.({ kind: 'trouble', message });
  }

  close(): void {
    this.#listener = undefined;
  }
}
