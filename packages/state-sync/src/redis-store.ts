import { Cluster, Redis } from 'ioredis';
import { backoffMs } from './backoff.js';
import type { FlowStore } from './flow-store.js';
import { clusterOptions, DEFAULT_KEY_PREFIX, type RedisStoreOptions, serverOptions } from './redis-options.js';
import { type RedisRecords, recordsOfCluster, recordsOfServer } from './redis-records.js';
import type { StoreLog } from './store-log.js';

/**
 * Keeps records in Redis: one server, the master that Sentinels name, or a cluster. It is opened at once and connects
 * in the background, again and again.
 *
 * @throws {StateSyncError} STORE_OPTIONS_INVALID
 */
export function openRedisStore(options: RedisStoreOptions): FlowStore {
  const prefix = Buffer.from(options.keyPrefix ?? DEFAULT_KEY_PREFIX);
  const log = options.log ?? (() => {});
  const name = `Redis at ${options.addresses.join(', ')}`;
  if (options.mode === 'cluster') {
    const { nodes, options: ofCluster } = clusterOptions(options);
    const cluster = new Cluster(nodes, ofCluster);
    // A cluster has a connection for subscriptions of its own.
    return new RedisStore(name, cluster, cluster, recordsOfCluster(cluster, prefix), prefix, log);
  }
  const server = new Redis(serverOptions(options));
  const subscriber = server.duplicate();
  return new RedisStore(name, server, subscriber, recordsOfServer(server, prefix), prefix, log);
}

/** Subscriptions of a cluster are asked for again: ioredis moves them when their server goes, but not those that it was just making. */
const RESUBSCRIBE_MS = 1_000;

class RedisStore implements FlowStore {
  #isAvailable = false;
  #lastError: string | undefined;
  #reconnections = 0;
  #connections = 0;
  #attempts = 0;
  #goneSinceMs = performance.now();
  /** Failures are logged once, until the store is back. */
  #isGoneLogged = false;
  #isClosed = false;
  #retry: NodeJS.Timeout | undefined;
  readonly #resubscribe: NodeJS.Timeout;
  readonly #listeners = new Set<(isAvailable: boolean) => void>();
  readonly #channels = new Map<string, (message: Buffer) => void>();

  constructor(
    private readonly name: string,
    private readonly client: Redis | Cluster,
    private readonly subscriber: Redis | Cluster,
    private readonly records: RedisRecords,
    private readonly prefix: Buffer,
    private readonly log: StoreLog,
  ) {
    client.on('ready', () => void this.#prepare());
    client.on('close', () => this.#setGone());
    client.on('error', (error: Error) => this.#note(error));
    if (subscriber !== client) subscriber.on('error', (error: Error) => this.#note(error));
    subscriber.on('ready', () => this.#subscribeAll());
    subscriber.on('messageBuffer', (channel: Buffer, message: Buffer) => {
      this.#channels.get(channel.toString())?.(message);
    });
    this.#resubscribe = setInterval(() => {
      if (subscriber instanceof Cluster) this.#subscribeAll();
    }, RESUBSCRIBE_MS).unref();
    // A failure is told by an error event, too.
    for (const connection of new Set([client, subscriber])) connection.connect().catch(() => {});
  }

  get isAvailable(): boolean {
    // The events of a connection come later than the errors of what was under way in it.
    return this.#isAvailable && this.client.status === 'ready';
  }

  get lastError(): string | undefined {
    return this.#lastError;
  }

  get reconnections(): number {
    return this.#reconnections;
  }

  onAvailability(listener: (isAvailable: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  write(packed: Buffer, ttlSeconds: readonly number[]): Promise<void> {
    return this.records.write(packed, ttlSeconds);
  }

  remove(packed: Buffer, owner: number): Promise<void> {
    return this.records.remove(packed, owner);
  }

  async read(ids: readonly Buffer[]): Promise<readonly (Uint8Array | undefined)[]> {
    const values = await this.records.read(ids.map((id) => Buffer.concat([this.prefix, id])));
    return values.map((value) => value ?? undefined);
  }

  async hold(name: string, ttlMs: number): Promise<void> {
    await this.client.set(this.#keyOfName(name), '1', 'PX', ttlMs);
  }

  async release(name: string): Promise<void> {
    await this.client.del(this.#keyOfName(name));
  }

  async held(names: readonly string[]): Promise<readonly boolean[]> {
    const values = await this.records.read(names.map((name) => this.#keyOfName(name)));
    return values.map((value) => value !== null);
  }

  async publish(channel: string, message: Buffer): Promise<void> {
    await this.client.publish(this.#channelOf(channel), message);
  }

  subscribe(channel: string, listener: (message: Buffer) => void): () => void {
    const name = this.#channelOf(channel);
    this.#channels.set(name, listener);
    this.#subscribeAll();
    return () => {
      this.#channels.delete(name);
      if (this.subscriber.status === 'ready') this.subscriber.unsubscribe(name).catch(() => {});
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#isAvailable = false;
    clearTimeout(this.#retry);
    clearInterval(this.#resubscribe);
    this.#listeners.clear();
    this.#channels.clear();
    this.client.disconnect();
    this.subscriber.disconnect();
  }

  async #prepare(): Promise<void> {
    this.#attempts++;
    try {
      await this.records.prepare();
    } catch (error) {
      this.#note(error as Error);
      // Connected and yet of no use, because it may not run scripts for example. A lost connection comes back as `ready`.
      if (this.client.status === 'ready')
        this.#retry = setTimeout(() => void this.#prepare(), backoffMs(this.#attempts));
      return;
    }
    if (this.#isClosed || this.#isAvailable || this.client.status !== 'ready') return;
    this.#isAvailable = true;
    this.#attempts = 0;
    if (this.#connections++ > 0) this.#reconnections++;
    const seconds = Math.round((performance.now() - this.#goneSinceMs) / 1000);
    if (this.#isGoneLogged)
      this.log('info', `${this.name} is back after ${seconds} s`, { event: 'store_back', seconds });
    else this.log('info', `${this.name} is connected`, { event: 'store_connected' });
    this.#isGoneLogged = false;
    this.#tell();
  }

  #setGone(): void {
    clearTimeout(this.#retry);
    if (!this.#isAvailable) return;
    this.#isAvailable = false;
    this.#goneSinceMs = performance.now();
    this.#logGone('the connection was closed');
    this.#tell();
  }

  #note(error: Error): void {
    this.#lastError = error.message;
    if (!this.#isAvailable) this.#logGone(error.message);
  }

  #logGone(reason: string): void {
    if (this.#isGoneLogged || this.#isClosed) return;
    this.#isGoneLogged = true;
    this.log('warn', `${this.name} can't be reached: ${reason}; it is tried again until it is back`, {
      event: 'store_lost',
      reason,
    });
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.#isAvailable);
  }

  #subscribeAll(): void {
    if (this.subscriber.status !== 'ready' || this.#channels.size === 0) return;
    // What fails is asked for again once its connection is back.
    this.subscriber.subscribe(...this.#channels.keys()).catch(() => {});
  }

  #keyOfName(name: string): Buffer {
    return Buffer.concat([this.prefix, Buffer.from(`node:${name}`)]);
  }

  #channelOf(channel: string): string {
    return `${this.prefix}${channel}`;
  }
}
