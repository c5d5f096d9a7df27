import { setTimeout as delay } from 'node:timers/promises';
import { type V1Lease, V1MicroTime } from '@kubernetes/client-node';
import { type ApiConnection, answered, statusCode } from './api-connection.js';

interface LeaseOptions {
  readonly coordination: ApiConnection['coordination'];
  readonly name: string;
  readonly namespace: string;
  /** Of this node, and of this life of the daemon. */
  readonly identity: string;
  readonly durationMs: number;
  /** From now on until `signal` aborts this node is the only holder. */
  onHeld(signal: AbortSignal): void;
  /** The server is away, or refuses. */
  onTrouble(error: unknown): void;
}

/** Of the duration: how often the holder renews it, and the others look; and after how long without it the holder gives up. */
const RENEW_SHARE = 1 / 5;
const GIVE_UP_SHARE = 2 / 3;

/** So long a node that leaves tries to give it back. */
const RELEASE_MS = 1000;

/**
 * Takes part in the choice of one holder of a Lease (coordination.k8s.io/v1), as client-go's leader election does: whether a
 * holder is alive shows by its writes, timed by the own clock, so that clocks of nodes may differ.
 */
export class LeaseHolder implements AsyncDisposable {
  readonly #options: LeaseOptions;
  readonly #end = new AbortController();
  readonly #running: Promise<void>;
  #held: AbortController | undefined;
  /** Version of the Lease that somebody else wrote last, and when that was seen. */
  #seen: { readonly version: string | undefined; readonly atMs: number } | undefined;
  #givingUp: NodeJS.Timeout | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** Gives the Lease back, so that the next holder need not wait. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#running;
    if (!this.isHeld) return;
    this.#lose();
    await this.#release(AbortSignal.timeout(RELEASE_MS)).catch(() => {});
  }

  async #run(): Promise<void> {
    const { durationMs, onTrouble } = this.#options;
    const { signal } = this.#end;
    while (!signal.aborted) {
      try {
        const isOurs = await this.#tryOnce(signal);
        if (!isOurs) this.#lose();
        else if (!signal.aborted) this.#hold();
      } catch (error) {
        // Somebody else was faster: that shows at the next look.
        if (statusCode(error) !== 409 && !signal.aborted) onTrouble(error);
      }
      await delay(durationMs * RENEW_SHARE * (0.8 + Math.random() * 0.4), undefined, { signal }).catch(() => {});
    }
  }

  /** @returns whether this node holds it */
  async #tryOnce(signal: AbortSignal): Promise<boolean> {
    const { coordination, name, namespace, identity, durationMs } = this.#options;
    const atMs = performance.now();
    const lease = await this.#read(signal);
    if (lease === undefined) {
      await answered(coordination.createNamespacedLease({ namespace, body: this.#written(undefined) }), signal);
    } else {
      const holder = lease.spec?.holderIdentity;
      const version = lease.metadata?.resourceVersion;
      const isFree = holder === undefined || holder === '' || holder === identity;
      if (!isFree) {
        if (this.#seen?.version !== version) this.#seen = { version, atMs };
        const silentMs = atMs - (this.#seen?.atMs ?? atMs);
        if (silentMs < Math.max(durationMs, (lease.spec?.leaseDurationSeconds ?? 0) * 1000)) return false;
      }
      await answered(coordination.replaceNamespacedLease({ name, namespace, body: this.#written(lease) }), signal);
    }
    this.#giveUpAfter(atMs);
    return true;
  }

  async #read(signal: AbortSignal): Promise<V1Lease | undefined> {
    const { coordination, name, namespace } = this.#options;
    try {
      return await answered(coordination.readNamespacedLease({ name, namespace }), signal);
    } catch (error) {
      if (statusCode(error) === 404) return undefined;
      throw error;
    }
  }

  #written(lease: V1Lease | undefined, holderIdentity = this.#options.identity): V1Lease {
    const { name, namespace, identity, durationMs } = this.#options;
    const now = new V1MicroTime();
    const isNew = lease?.spec?.holderIdentity !== identity;
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: lease?.metadata ?? { name, namespace },
      spec: {
        ...lease?.spec,
        holderIdentity,
        leaseDurationSeconds: durationMs / 1000,
        renewTime: now,
        ...(isNew ? { acquireTime: now, leaseTransitions: (lease?.spec?.leaseTransitions ?? 0) + 1 } : {}),
      },
    };
  }

  async #release(signal: AbortSignal): Promise<void> {
    const { coordination, name, namespace, identity } = this.#options;
    const lease = await this.#read(signal);
    if (lease?.spec?.holderIdentity !== identity) return;
    await answered(coordination.replaceNamespacedLease({ name, namespace, body: this.#written(lease, '') }), signal);
  }

  #hold(): void {
    if (this.isHeld) return;
    this.#held = new AbortController();
    this.#options.onHeld(this.#held.signal);
  }

  /** Before anybody else may take it for free, counted from before the write. */
  #giveUpAfter(renewedMs: number): void {
    clearTimeout(this.#givingUp);
    const leftMs = renewedMs + this.#options.durationMs * GIVE_UP_SHARE - performance.now();
    this.#givingUp = setTimeout(() => this.#lose(), Math.max(0, leftMs)).unref();
  }

  #lose(): void {
    clearTimeout(this.#givingUp);
    this.#held?.abort();
    this.#held = undefined;
  }
}
