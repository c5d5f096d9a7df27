import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs, connectEtcd, type Endpoint, type EtcdClientConfig, troubleText } from '@weir/control';
import type { Logger } from '@weir/daemon';
import { BackendKey, type BackendKeyEvent } from './backend-key.js';

export interface RegistrationOptions {
  readonly etcd: EtcdClientConfig & { readonly endpoints: readonly Endpoint[] };
  readonly key: string;
  /** Without a sign of life etcd removes the key after it. */
  readonly ttlMs: number;
  readonly logger: Logger;
}

/** Renewals in the time of a lease. */
const RENEWALS = 3;

/**
 * What a backend says of itself in etcd. `set` says what is to be there; that it is so is seen to until disposal, with
 * whichever member answers.
 */
export class Registration implements AsyncDisposable {
  readonly #options: RegistrationOptions;
  readonly #key: BackendKey;
  readonly #end = new AbortController();
  readonly #keeping: Promise<void>;
  /** Members that failed since one of them last answered, with what was told of them. */
  readonly #troubles = new Set<string>();
  #wanted: string | undefined;
  #kept: { readonly value: string | undefined } | undefined;
  #wake = () => {};
  #onKept = () => {};

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.#key = new BackendKey({
      key: options.key,
      ttlSeconds: Math.ceil(options.ttlMs / 1000),
      timeoutMs: options.etcd.timeoutMs,
      onEvent: (event) => this.#tell(event),
    });
    this.#keeping = this.#keepOn(this.#end.signal);
  }

  /** @param value  undefined: there is to be no key */
  set(value: string | undefined): void {
    this.#wanted = value;
    this.#wake();
  }

  /** Resolves when etcd has what was set last, or when the signal aborts. */
  async settled(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (this.#kept === undefined || this.#kept.value !== this.#wanted)) {
      await new Promise<void>((resolve) => {
        this.#onKept = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  /** Removes the key unless somebody else wrote to it, if a member answers; else it goes with its lease. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    this.#wake();
    await this.#keeping;
    for (const endpoint of this.#options.etcd.endpoints) {
      try {
        using connection = await connectEtcd(this.#options.etcd, endpoint);
        return await this.#key.release(connection.client);
      } catch (error) {
        this.#tellTrouble(endpoint, error as Error);
      }
    }
    const { key, ttlMs, logger } = this.#options;
    logger.warn(
      { event: 'backend_key_stays', key },
      `${key} could not be removed; it goes with its lease, in ${ttlMs / 1000} s at most`,
    );
  }

  async #keepOn(signal: AbortSignal): Promise<void> {
    const { endpoints } = this.#options.etcd;
    for (let at = 0, failures = 0; !signal.aborted; at = (at + 1) % endpoints.length) {
      const endpoint = endpoints[at] as Endpoint;
      try {
        using connection = await connectEtcd(this.#options.etcd, endpoint);
        for (; !signal.aborted; failures = 0) await this.#keepOnce(connection, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#tellTrouble(endpoint, error as Error);
        await delay(backoffMs(++failures), undefined, { signal }).catch(() => {});
      }
    }
  }

  /** @returns when it is time for the next time */
  async #keepOnce({ client, endpoint }: Awaited<ReturnType<typeof connectEtcd>>, signal: AbortSignal): Promise<void> {
    const value = this.#wanted;
    await this.#key.keep(client, value);
    this.#kept = { value };
    this.#onKept();
    if (this.#troubles.size > 0)
      this.#options.logger.info({ event: 'etcd_back', endpoint }, `etcd at ${endpoint} answers`);
    this.#troubles.clear();
    if (this.#wanted !== value || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#options.ttlMs / RENEWALS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #tell(event: BackendKeyEvent): void {
    const { key, logger } = this.#options;
    const isAsWanted = event.kind === 'written' || event.kind === 'removed';
    logger[isAsWanted ? 'info' : 'warn']({ key, ...event }, eventText(event, key));
  }

  #tellTrouble({ host, port }: Endpoint, error: Error): void {
    const endpoint = `${host}:${port}`;
    const text = inFlags(troubleText(error));
    const trouble = `${endpoint} ${text}`;
    if (this.#troubles.has(trouble)) return;
    this.#troubles.add(trouble);
    this.#options.logger.error({ event: 'etcd_lost', endpoint, reason: text }, `etcd at ${trouble}; trying on`);
  }
}

function eventText(event: BackendKeyEvent, key: string): string {
  switch (event.kind) {
    case 'written':
      return `registered: ${key} is ${event.value}`;
    case 'removed':
      return `no longer registered: ${key} is removed`;
    case 'lease-lost':
      return `the lease of ${key} ran out or was revoked; registering again`;
    case 'overwritten':
      return `${key} was changed by somebody else to ${event.found}; it stays so`;
    case 'left':
      return `${key} is left as somebody else wrote it, ${event.found}; to take the backend out, delete the key`;
  }
}

const flags: readonly (readonly [string, string])[] = [
  ['etcd.username', '--username'],
  ['etcd.passwordFile', '--password-file'],
  ['etcd.tls.ca', '--tls-ca'],
  ['etcd.tls.certificate', '--tls-cert'],
  ['etcd.tls.serverName', '--tls-server-name'],
  ['etcd.tls', '--tls'],
];

/** What weir.yaml has keys for, the command line has flags for. */
function inFlags(text: string): string {
  return flags.reduce((changed, [key, flag]) => changed.replaceAll(key, flag), text);
}
