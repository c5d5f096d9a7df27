import type { NodeConfig } from '@weir/control';
import { addressToBytes, FlowImageField as Field, FLOW_IMAGE_BYTES } from '@weir/packet';
import type { FlowStore } from '@weir/state-sync';

/** How often a name is renewed at most. */
const RENEW_MS = 60_000;
const KIND = 0x03;
const FULLNAT = 2;

/** What {@link ServedPools} works with. */
export interface ServedPoolsOptions {
  readonly store: Pick<FlowStore, 'hold' | 'held'>;
  /** How long a flow may be there that was served once, see recordLifetimeMs. */
  readonly lifetimeMs: () => number;
  /** In ms, of a clock that is never set back. */
  readonly now: () => number;
}

/**
 * Which local addresses of fullnat are in use at nodes that they don't belong to: a name in the store for each, that lasts as
 * long as the flows may. It costs one write a minute, however many flows there are.
 */
export class ServedPools {
  readonly #options: ServedPoolsOptions;
  /** Of other nodes, by address. */
  #names: ReadonlyMap<string, string>;
  #own: readonly string[];
  /** By name, in ms. */
  readonly #heldAtMs = new Map<string, number>();

  constructor(config: NodeConfig, options: ServedPoolsOptions) {
    this.#options = options;
    [this.#names, this.#own] = poolsOf(config);
  }

  /** Puts another configuration in force. */
  use(config: NodeConfig): void {
    [this.#names, this.#own] = poolsOf(config);
  }

  /** Takes note of flows that this node serves. */
  serve(images: Uint8Array): void {
    if (this.#names.size === 0) return;
    for (let at = 0; at < images.byteLength; at += FLOW_IMAGE_BYTES) {
      if (((images[at + Field.kind] as number) & KIND) !== FULLNAT) continue;
      const length = images[at + Field.family] === 6 ? 16 : 4;
      const name = this.#names.get(textOf(images.subarray(at + Field.local, at + Field.local + length)));
      if (name !== undefined) this.#hold(name);
    }
  }

  /** The store is back, and may have lost all names. */
  renew(): void {
    const { now, lifetimeMs } = this.#options;
    const names = [...this.#heldAtMs].filter(([, heldAtMs]) => now() - heldAtMs < lifetimeMs()).map(([name]) => name);
    this.#heldAtMs.clear();
    for (const name of names) this.#hold(name);
  }

  /** How many local addresses of this node are in use at others. Undefined: the store is not reachable, which it tells itself. */
  async ownServedByOthers(): Promise<number | undefined> {
    try {
      const held = await this.#options.store.held(this.#own);
      return held.filter((isHeld) => isHeld).length;
    } catch {
      return undefined;
    }
  }

  #hold(name: string): void {
    const { store, lifetimeMs, now } = this.#options;
    if (now() - (this.#heldAtMs.get(name) ?? Number.NEGATIVE_INFINITY) < RENEW_MS) return;
    this.#heldAtMs.set(name, now());
    // What is not held is held by the next flow, or once the store is back.
    store.hold(name, lifetimeMs() + RENEW_MS).catch(() => {});
  }
}

function poolsOf({ node, nodes }: NodeConfig): [names: ReadonlyMap<string, string>, own: readonly string[]] {
  const own = new Set(node.localAddresses);
  const all = nodes?.members.flatMap(({ localAddresses }) => localAddresses) ?? [];
  const others = all.filter((address) => !own.has(address));
  return [new Map(others.map((address) => [textOf(addressToBytes(address)), nameOf(address)])), [...own].map(nameOf)];
}

function nameOf(address: string): string {
  return `pool/${address}`;
}

function textOf(address: Uint8Array): string {
  return Buffer.from(address.buffer, address.byteOffset, address.byteLength).toString('latin1');
}
