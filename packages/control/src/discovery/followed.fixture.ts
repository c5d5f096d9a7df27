import type { ExecutionContext } from 'ava';
import type { DiscoveredBackend, Discovery, DiscoveryEvent } from './discovery.js';

/** Follows a source until the test ends, and hands out what it tells. */
export class Followed {
  readonly #events: DiscoveryEvent[] = [];
  #wake = () => {};

  constructor(t: ExecutionContext, discovery: Discovery) {
    t.teardown(() => discovery[Symbol.asyncDispose]());
    discovery.follow((event) => {
      this.#events.push(event);
      this.#wake();
    });
  }

  /** Addresses and ports of the next backends that are told; troubles before them are passed over. */
  async backends(): Promise<readonly string[]> {
    const { backends } = await this.#next('backends');
    return backends.map(addressText);
  }

  async trouble(): Promise<string> {
    return (await this.#next('trouble')).message;
  }

  /** Told and not yet asked for. */
  get waiting(): readonly DiscoveryEvent[] {
    return this.#events;
  }

  async #next<Kind extends DiscoveryEvent['kind']>(kind: Kind): Promise<Extract<DiscoveryEvent, { kind: Kind }>> {
    for (;;) {
      const event = this.#events.shift();
      if (event?.kind === kind) return event as Extract<DiscoveryEvent, { kind: Kind }>;
      if (event === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

export function addressText({ address, port }: DiscoveredBackend): string {
  return port === undefined ? address : `${address}:${port}`;
}
