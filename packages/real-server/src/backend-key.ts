import { type EtcdConnection, keepAlive } from '@weir/control';

type EtcdClient = EtcdConnection['client'];

/** What became of a key. */
export type BackendKeyEvent =
  | { readonly kind: 'written'; readonly value: string }
  | { readonly kind: 'removed' }
  /** The lease ran out or was revoked, and the key with it. */
  | { readonly kind: 'lease-lost' }
  /** Somebody else wrote to the key; that stays. */
  | { readonly kind: 'overwritten'; readonly found: string }
  /** What somebody else wrote stays, although this one goes. */
  | { readonly kind: 'left'; readonly found: string };

/**
 * The key of a backend, which is there while somebody keeps it. Its lease outlives connections, and is renewed over any
 * of them.
 */
export class BackendKey {
  readonly #key: string;
  readonly #ttlSeconds: number;
  readonly #timeoutMs: number;
  readonly #onEvent: (event: BackendKeyEvent) => void;
  #lease: string | undefined;
  /** What this one wrote; undefined: nothing is there of it. */
  #written: string | undefined;
  #told: string | undefined;

  constructor(options: {
    readonly key: string;
    readonly ttlSeconds: number;
    /** Of the answer to a renewal. */
    readonly timeoutMs: number;
    readonly onEvent: (event: BackendKeyEvent) => void;
  }) {
    this.#key = options.key;
    this.#ttlSeconds = options.ttlSeconds;
    this.#timeoutMs = options.timeoutMs;
    this.#onEvent = options.onEvent;
  }

  /**
   * Renews the lease and makes the key hold a value, or be gone. What somebody else wrote since the last time stays, unless
   * the value is another one now.
   * @throws what etcd or the connection says
   */
  async keep(client: EtcdClient, value: string | undefined): Promise<void> {
    await this.#renew(client);
    if (value === undefined) return this.#remove(client);
    const found = await readKey(client, this.#key);
    // The same text under another lease, of a former life of this backend, or under none is not kept by this one.
    if (found?.value === value && found.lease === this.#lease) {
      this.#written = value;
      this.#told = undefined;
    } else if (found === undefined || found.value === value || this.#written !== value) {
      await this.#write(client, value);
    } else if (found.value !== this.#told) {
      this.#told = found.value;
      this.#onEvent({ kind: 'overwritten', found: found.value });
    }
  }

  /**
   * Gives the lease back, and removes the key unless somebody else wrote to it.
   * @throws what etcd or the connection says; may be called again
   */
  async release(client: EtcdClient): Promise<void> {
    if (this.#lease === undefined) return;
    // The same text may have come without the lease.
    if (this.#written !== undefined) await this.#removeIfStill(client, this.#written);
    await client.leaseClient.leaseRevoke({ ID: this.#lease });
    if (this.#written !== undefined) {
      const found = await readKey(client, this.#key);
      this.#onEvent(found === undefined ? { kind: 'removed' } : { kind: 'left', found: found.value });
    }
    this.#lease = undefined;
    this.#written = undefined;
  }

  async #renew(client: EtcdClient): Promise<void> {
    if (this.#lease !== undefined && (await keepAlive(client, this.#lease, this.#timeoutMs)) === 0) {
      this.#lease = undefined;
      if (this.#written !== undefined) this.#onEvent({ kind: 'lease-lost' });
      this.#written = undefined;
    }
    this.#lease ??= (await client.leaseClient.leaseGrant({ TTL: this.#ttlSeconds })).ID;
  }

  async #write(client: EtcdClient, value: string): Promise<void> {
    await client.kv.put({ key: Buffer.from(this.#key), value: Buffer.from(value), lease: this.#lease as string });
    this.#written = value;
    this.#told = undefined;
    this.#onEvent({ kind: 'written', value });
  }

  async #remove(client: EtcdClient): Promise<void> {
    if (this.#written === undefined) return;
    await client.kv.deleteRange({ key: Buffer.from(this.#key) });
    this.#written = undefined;
    this.#onEvent({ kind: 'removed' });
  }

  async #removeIfStill(client: EtcdClient, value: string): Promise<void> {
    const key = Buffer.from(this.#key);
    await client.kv.txn({
      compare: [{ key, target: 'Value', result: 'Equal', value: Buffer.from(value) }],
      success: [{ request_delete_range: { key } }],
    });
  }
}

/** @returns undefined: there is none; the lease is '0' where the key has none */
async function readKey(
  client: EtcdClient,
  key: string,
): Promise<{ readonly value: string; readonly lease: string } | undefined> {
  const { kvs } = await client.kv.range({ key: Buffer.from(key) });
  return kvs[0] && { value: kvs[0].value.toString(), lease: String(kvs[0].lease) };
}
