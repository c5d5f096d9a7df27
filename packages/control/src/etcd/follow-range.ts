import { setTimeout as wait } from 'node:timers/promises';
import type { EtcdConfig } from '../cluster-config.js';
import type { Endpoint } from '../endpoint-schema.js';
import { backoffMs } from './backoff.js';
import { connectEtcd, type EtcdConnection } from './etcd-connection.js';
import { type KeyRange, readRange } from './key-range.js';
import { type KeyEvent, watchRange } from './watch-stream.js';

/** A member that was well for so long had no lasting trouble. */
const LASTING_MS = 10_000;

export interface RangeListener {
  /** All that there is; on the connection the listener may do more until it hears of trouble. */
  onRange(range: KeyRange, connection: EtcdConnection): void;
  /** What changed since. */
  onEvents(events: readonly KeyEvent[], revision: string): void;
  /** A member failed; the next is asked. Nothing of what was told is withdrawn. */
  onTrouble(endpoint: Endpoint, error: Error): void;
}

/**
 * Follows all keys with a prefix until the signal aborts: reads them, watches them from that revision on, and begins
 * anew at the next member when anything goes wrong. Everything is read again each time: so it does not matter what was
 * compacted meanwhile, or whether etcd was put back from a backup. Never rejects.
 */
export async function followRange(
  config: EtcdConfig,
  prefix: string,
  listener: RangeListener,
  signal: AbortSignal,
): Promise<void> {
  const { endpoints } = config;
  // Nodes are spread over the members.
  let at = Math.floor(Math.random() * endpoints.length);
  let failures = 0;
  while (!signal.aborted) {
    const endpoint = endpoints[at] as Endpoint;
    const start = performance.now();
    const error = await followAtMember(config, endpoint, prefix, listener, signal);
    if (signal.aborted) return;
    listener.onTrouble(endpoint, error);
    failures = performance.now() - start > LASTING_MS ? 1 : failures + 1;
    at = (at + 1) % endpoints.length;
    // The other members are asked at once.
    const rounds = Math.floor(failures / endpoints.length);
    if (rounds > 0) await wait(backoffMs(rounds), undefined, { signal }).catch(() => {});
  }
}

/** @returns what ended it */
async function followAtMember(
  config: EtcdConfig,
  endpoint: Endpoint,
  prefix: string,
  listener: RangeListener,
  signal: AbortSignal,
): Promise<Error> {
  try {
    using connection = await connectEtcd(config, endpoint);
    const range = await readRange(connection.client, prefix);
    if (signal.aborted) return new Error('stopped');
    listener.onRange(range, connection);
    return await watchRange(connection.client, {
      prefix,
      fromRevision: BigInt(range.revision) + 1n,
      timeoutMs: config.timeoutMs,
      signal,
      onEvents: listener.onEvents.bind(listener),
    });
  } catch (error) {
    return error as Error;
  }
}
