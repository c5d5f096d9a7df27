import type { Etcd3 } from 'etcd3';
import { keepAlive } from './keep-alive.js';

/** A key that is there as long as somebody prolongs its lease. One step at a time; who calls it says when. */
export interface LeasedKeyOptions {
  /** The whole key. */
  readonly key: string;
  readonly leaseMs: number;
  readonly timeoutMs: number;
  /** Asked whenever it is written. */
  value(): string;
  /** Was this text written by the same life of the same process? */
  isOwn(text: string): boolean;
}

/** What came of a step. */
export type LeasedKeyStep =
  /** It is there with its newest value. `isRenewal`: its lease had expired meanwhile. */
  | { readonly kind: 'held'; readonly isRenewal: boolean }
  /** Somebody else's is there, and stays. */
  | { readonly kind: 'taken'; readonly text: string };

export class LeasedKey {
  readonly #options: LeasedKeyOptions;
  #lease: string | undefined;
  /** What is known to stand there. */
  #written: string | undefined;
  /** The key has been under this lease. */
  #isBound = false;
  #timesForgotten = 0;
  #hasExpired = false;

  constructor(options: LeasedKeyOptions) {
    this.#options = options;
  }

  /** Writes the value again at the next step even if it is the same: somebody took the key away. */
  forget(): void {
    this.#timesForgotten += 1;
    this.#written = undefined;
  }

  /** Prolongs the lease, or takes a new one, and writes the value if it is another. @throws what etcd says */
  async step(client: Etcd3): Promise<LeasedKeyStep> {
    if (this.#lease !== undefined && !(await this.#isAlive(client, this.#lease))) this.#loseLease();
    this.#lease ??= await this.#grant(client);
    const value = this.#options.value();
    if (this.#written !== value) {
      const before = this.#timesForgotten;
      this.#written = undefined;
      const other = await this.#write(client, value, this.#lease);
      if (other !== undefined) return { kind: 'taken', text: other };
      this.#isBound = true;
      if (this.#timesForgotten === before) this.#written = value;
    }
    const isRenewal = this.#hasExpired;
    this.#hasExpired = false;
    return { kind: 'held', isRenewal };
  }

  /** The key goes at once. @throws what etcd says */
  async release(client: Etcd3): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    this.#written = undefined;
    this.#isBound = false;
    if (lease !== undefined) await client.leaseClient.leaseRevoke({ ID: lease });
  }

  async #isAlive(client: Etcd3, lease: string): Promise<boolean> {
    return (await keepAlive(client, lease, this.#options.timeoutMs)) > 0;
  }

  #loseLease(): void {
    // A lease that never had the key is no loss.
    this.#hasExpired ||= this.#isBound;
    this.#isBound = false;
    this.#lease = undefined;
    this.#written = undefined;
  }

  async #grant(client: Etcd3): Promise<string> {
    const { ID } = await client.leaseClient.leaseGrant({ TTL: Math.ceil(this.#options.leaseMs / 1000) });
    return ID;
  }

  /** @returns what stands there of somebody else, and was left */
  async #write(client: Etcd3, text: string, lease: string): Promise<string | undefined> {
    const key = Buffer.from(this.#options.key);
    const put = { request_put: { key, value: Buffer.from(text), lease } };
    const read = { request_range: { key } };
    let revision = '0';
    for (;;) {
      const { succeeded, responses } = await client.kv.txn({
        compare: [{ key, target: 'Mod', result: 'Equal', mod_revision: revision }],
        success: [put],
        failure: [read],
      });
      if (succeeded) return undefined;
      const [found] = responses[0]?.response_range?.kvs ?? [];
      if (found !== undefined && !this.#options.isOwn(found.value.toString())) return found.value.toString();
      revision = found?.mod_revision ?? '0';
    }
  }
}
