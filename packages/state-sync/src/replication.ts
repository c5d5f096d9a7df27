import { FLOW_IMAGE_BYTES } from '@weir/packet';
import { clientIdOfAnswer, decodeAnsweredFlow } from './answer-record.js';
import { FLOW_ID_BYTES, FlowIds } from './flow-id.js';
import type { NoticeKind } from './flow-queue.js';
import { type DecodedFlowRecord, decodeFlowRecord, isRecordable } from './flow-record.js';
import type { FlowStore } from './flow-store.js';
import { FlowWriter } from './flow-writer.js';
import { type IdleTimeouts, ttlsByState } from './idle-timeouts.js';
import { ownerNumber } from './owner-number.js';
import { StateSyncError } from './state-sync-error.js';
import type { StoreLog } from './store-log.js';
import { ValueReader } from './value-reader.js';
import { decodeYieldMessage, yieldChannel } from './yield-message.js';
import { YieldSender } from './yield-sender.js';

export interface ReplicationOptions {
  /** Whoever opened it closes it, after the replication. */
  readonly store: FlowStore;
  /** Of this node, the same one after a restart. */
  readonly nodeName: string;
  /** 16 bytes that all nodes of the cluster have and nobody else. @see FlowIds */
  readonly secret: Uint8Array;
  readonly timeouts: IdleTimeouts;
  /** Flows that wait for the store at most; 80 bytes each. */
  readonly queueMax?: number;
  /** How long the first flow of a batch waits for others. */
  readonly batchDelayMs?: number;
  readonly log?: StoreLog;
}

const QUEUE_MAX = 200_000;
const BATCH_DELAY_MS = 10;
/** How long the end of a node waits for what it still has to tell. */
const DRAIN_MS = 1_000;
/** A store that refused has to take what it is told for so long: in a cluster without a master, some batches go well. */
const RECOVERED_MS = 1_000;
/** A store that takes every other batch must not fill the log. */
const LOG_INTERVAL_MS = 10_000;

/** A flow that another node, or this one in a former life, told of. */
export interface FoundFlow {
  /** Complete. @see FLOW_IMAGE_BYTES */
  readonly image: Uint8Array;
  /** @see ownerNumber */
  readonly owner: number;
}

/** Flows of this node in the store, and those of others from it. */
export interface FlowReplication extends AsyncDisposable {
  /**
   * Writes flows with their TTL, soon.
   *
   * @param images   n x {@link FLOW_IMAGE_BYTES}; copied before it returns
   * @param refresh  they were told before: the first ones to be dropped when the store is slow or gone
   */
  tell(images: Uint8Array, refresh?: boolean): void;
  /** Removes the records of flows that are over, where they are still this node's. */
  end(images: Uint8Array): void;
  /**
   * Finds a flow by its client's tuple: family, protocol, client, VIP and service are read from the image.
   *
   * @returns `unavailable`: the store is gone or does not answer
   * @throws {StateSyncError} REPLICATION_CLOSED
   */
  findByClient(image: Uint8Array): Promise<FoundFlow | 'unknown' | 'unavailable'>;
  /**
   * Finds a flow of fullnat by its answers' tuple: family, protocol, backend, and in `local` whom they are to.
   *
   * @returns `unavailable`: the store is gone or does not answer
   * @throws {StateSyncError} REPLICATION_CLOSED
   */
  findByAnswer(image: Uint8Array): Promise<FoundFlow | 'unknown' | 'unavailable'>;
  /** This node serves the flow from now on: it is written with this owner, and the former one is told, who yields. */
  takeOver(found: FoundFlow): void;
  /** Flows are kept by these timeouts from the next time on that they are told or told again. */
  useTimeouts(timeouts: IdleTimeouts): void;
  /** Images of flows that other nodes took over from this one. */
  onYield(listener: (images: Uint8Array) => void): void;
  /** The store is back after it was gone, and maybe empty: all flows that live and were told should be told again. */
  onReturn(listener: () => void): void;
  readonly isAvailable: boolean;
  status(): ReplicationStatus;
}

/** Flows, counted since the replication was opened. */
export interface ReplicationStatus {
  readonly isAvailable: boolean;
  /** Of the store. */
  readonly lastError: string | undefined;
  readonly reconnections: number;
  /** That wait for the store now. */
  readonly queued: number;
  /** How long the oldest of them has waited, or those that are being written. */
  readonly lagMs: number;
  /** Of flows, that were sent to the store. */
  readonly batches: number;
  /** That it did not take; they are sent again. */
  readonly failedBatches: number;
  /** Written, for the first time or as taken over. */
  readonly told: number;
  readonly refreshed: number;
  readonly ended: number;
  readonly found: number;
  readonly unknown: number;
  /** Asked for while the store was gone. */
  readonly unavailable: number;
  /** Values and messages that were no record of this version, this cluster, or the flow that was asked for. */
  readonly foreign: number;
  readonly takenOver: number;
  /** That others took over. */
  readonly yielded: number;
  /** Images that say nothing, and were not told. */
  readonly malformed: number;
  /** That the store was too slow for. `yield`: whose former owner was not told. */
  readonly dropped: Readonly<Record<NoticeKind | 'yield', number>>;
}

/**
 * Begins to share flows. Does not wait for the store: what is told before it is there waits in the queue.
 *
 * @throws {StateSyncError} SECRET_INVALID
 */
export async function openReplication(options: ReplicationOptions): Promise<FlowReplication> {
  return new Replication(options);
}

class Replication implements FlowReplication {
  readonly #store: FlowStore;
  readonly #ids: FlowIds;
  readonly #owner: number;
  readonly #writer: FlowWriter;
  readonly #reader: ValueReader;
  readonly #yields: YieldSender;
  readonly #log: StoreLog;
  readonly #closers: (() => void)[];
  readonly #yieldListeners: ((images: Uint8Array) => void)[] = [];
  readonly #returnListeners: (() => void)[] = [];
  readonly #counts = {
    found: 0,
    unknown: 0,
    unavailable: 0,
    foreign: 0,
    takenOver: 0,
    yielded: 0,
    malformed: 0,
    batches: 0,
    failedBatches: 0,
  };
  #ttlSeconds: readonly number[];
  #isClosed = false;
  /** The store is there, but did not take the last batch. */
  #isRefusing = false;
  /** Flows may be missing in the store since it was available last. */
  #wasGone = false;
  #lastError: string | undefined;
  #loggedAtMs = Number.NEGATIVE_INFINITY;
  #isRefusalLogged = false;
  /** Runs from the first batch that the store took after it had refused one. */
  #recovery: NodeJS.Timeout | undefined;
  /** New flows that were dropped until the store was available last. */
  #droppedBefore = 0;

  constructor(options: ReplicationOptions) {
    const { store, secret, batchDelayMs = BATCH_DELAY_MS } = options;
    this.#store = store;
    this.#log = options.log ?? (() => {});
    this.#ids = new FlowIds(secret);
    this.#owner = ownerNumber(options.nodeName);
    this.#ttlSeconds = ttlsByState(options.timeouts);
    this.#writer = new FlowWriter({
      store,
      ids: this.#ids,
      owner: this.#owner,
      ttlSeconds: () => this.#ttlSeconds,
      queueMax: options.queueMax ?? QUEUE_MAX,
      batchDelayMs,
      onOutcome: (error) => this.#noteWrite(error),
    });
    this.#reader = new ValueReader(store, (error) => {
      if (error !== undefined) this.#lastError = error.message;
    });
    this.#yields = new YieldSender({ store, secret, delayMs: batchDelayMs });
    this.#closers = [
      store.onAvailability((isAvailable) => {
        if (isAvailable) this.#noteReturn();
        else this.#wasGone = true;
      }),
      store.subscribe(yieldChannel(this.#owner), (message) =>
        this.#yield(decodeYieldMessage(message, this.#owner, secret)),
      ),
    ];
  }

  get isAvailable(): boolean {
    return !this.#isClosed && this.#store.isAvailable && !this.#isRefusing;
  }

  tell(images: Uint8Array, refresh = false): void {
    this.#push(refresh ? 'refresh' : 'tell', images);
  }

  end(images: Uint8Array): void {
    this.#push('end', images);
  }

  async findByClient(image: Uint8Array): Promise<FoundFlow | 'unknown' | 'unavailable'> {
    const asked = Buffer.from(image.subarray(0, FLOW_IMAGE_BYTES));
    const id = Buffer.allocUnsafe(FLOW_ID_BYTES);
    this.#ids.writeClientId(asked, 0, id, 0);
    const value = await this.#read(id);
    return this.#found(value, (record) => decodeFlowRecord(record, asked));
  }

  async findByAnswer(image: Uint8Array): Promise<FoundFlow | 'unknown' | 'unavailable'> {
    const asked = Buffer.from(image.subarray(0, FLOW_IMAGE_BYTES));
    const id = Buffer.allocUnsafe(FLOW_ID_BYTES);
    this.#ids.writeAnswerId(asked, 0, id, 0);
    const answer = await this.#read(id);
    if (!(answer instanceof Uint8Array)) return this.#missing(answer);
    const clientId = clientIdOfAnswer(answer, asked);
    if (clientId === undefined) return this.#foreign();
    const value = await this.#read(Buffer.from(clientId));
    return this.#found(value, (record) => decodeAnsweredFlow(record, answer, asked, this.#ids));
  }

  takeOver({ image, owner }: FoundFlow): void {
    this.#push('tell', image);
    this.#counts.takenOver++;
    if (owner !== this.#owner) this.#yields.add(owner, image);
  }

  useTimeouts(timeouts: IdleTimeouts): void {
    this.#ttlSeconds = ttlsByState(timeouts);
  }

  onYield(listener: (images: Uint8Array) => void): void {
    this.#yieldListeners.push(listener);
  }

  onReturn(listener: () => void): void {
    this.#returnListeners.push(listener);
  }

  status(): ReplicationStatus {
    const { tell, refresh, end } = this.#writer.written;
    return {
      isAvailable: this.isAvailable,
      lastError: this.#store.lastError ?? this.#lastError,
      reconnections: this.#store.reconnections,
      queued: this.#writer.queued,
      lagMs: this.#writer.lagMs,
      told: tell,
      refreshed: refresh,
      ended: end,
      ...this.#counts,
      dropped: { ...this.#writer.dropped, yield: this.#yields.dropped },
    };
  }

  /** Waits up to a second for what is still to be told. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#yields.send();
    await this.#writer.drain(DRAIN_MS);
    this.#isClosed = true;
    clearTimeout(this.#recovery);
    for (const close of this.#closers) close();
    this.#yields[Symbol.dispose]();
    await this.#writer[Symbol.asyncDispose]();
  }

  #push(kind: NoticeKind, images: Uint8Array): void {
    if (this.#isClosed) return;
    const recordable = recordableOf(images);
    this.#counts.malformed += Math.ceil((images.byteLength - recordable.byteLength) / FLOW_IMAGE_BYTES);
    if (recordable.byteLength > 0) this.#writer.push(kind, recordable);
  }

  async #read(id: Buffer): Promise<Uint8Array | undefined | 'unavailable'> {
    if (this.#isClosed) {
      throw new StateSyncError(
        'REPLICATION_CLOSED',
        'flows are looked up while the replication is open; this one was closed',
      );
    }
    return this.#reader.read(id);
  }

  #found(
    value: Uint8Array | undefined | 'unavailable',
    decode: (value: Uint8Array) => DecodedFlowRecord,
  ): FoundFlow | 'unknown' | 'unavailable' {
    if (!(value instanceof Uint8Array)) return this.#missing(value);
    const decoded = decode(value);
    if (!decoded.ok) return this.#foreign();
    this.#counts.found++;
    return { image: decoded.image, owner: decoded.owner };
  }

  #missing(value: undefined | 'unavailable'): 'unknown' | 'unavailable' {
    const result = value ?? 'unknown';
    this.#counts[result]++;
    return result;
  }

  #foreign(): 'unknown' {
    this.#counts.foreign++;
    return 'unknown';
  }

  #yield(images: Uint8Array | undefined): void {
    if (images === undefined) {
      this.#counts.foreign++;
      return;
    }
    this.#counts.yielded += images.byteLength / FLOW_IMAGE_BYTES;
    for (const listener of this.#yieldListeners) listener(images);
  }

  #noteWrite(error: Error | undefined): void {
    this.#counts.batches++;
    if (error === undefined) {
      if (this.#isRefusing) this.#recovery ??= setTimeout(() => this.#noteReturn(), RECOVERED_MS);
      return;
    }
    this.#counts.failedBatches++;
    clearTimeout(this.#recovery);
    this.#recovery = undefined;
    this.#lastError = error.message;
    this.#wasGone = true;
    // Of a lost connection, the store itself tells.
    if (this.#store.isAvailable && !this.#isRefusing) this.#noteRefusal(error.message);
  }

  #noteRefusal(reason: string): void {
    this.#isRefusing = true;
    if (performance.now() - this.#loggedAtMs < LOG_INTERVAL_MS) return;
    this.#loggedAtMs = performance.now();
    this.#isRefusalLogged = true;
    this.#log('warn', `the store of flows refuses to write: ${reason}; it is tried again until it does`, {
      event: 'store_refuses',
      reason,
    });
  }

  #noteReturn(): void {
    clearTimeout(this.#recovery);
    this.#recovery = undefined;
    this.#isRefusing = false;
    if (this.#isRefusalLogged) this.#log('info', 'the store of flows writes again', { event: 'store_writes_again' });
    this.#isRefusalLogged = false;
    const isMissing = this.#wasGone || this.#writer.dropped.tell > this.#droppedBefore;
    this.#droppedBefore = this.#writer.dropped.tell;
    this.#wasGone = false;
    if (isMissing) for (const listener of this.#returnListeners) listener();
  }
}

/** Without those that no record can be made of: a mistake of whoever told of them, who is told by a counter. */
function recordableOf(images: Uint8Array): Uint8Array {
  const whole = images.byteLength - (images.byteLength % FLOW_IMAGE_BYTES);
  const isAllRecordable = (at: number): boolean => {
    for (; at < whole; at += FLOW_IMAGE_BYTES) if (!isRecordable(images, at)) return false;
    return true;
  };
  if (isAllRecordable(0)) return images.subarray(0, whole);
  const recordable: Uint8Array[] = [];
  for (let at = 0; at < whole; at += FLOW_IMAGE_BYTES) {
    if (isRecordable(images, at)) recordable.push(images.subarray(at, at + FLOW_IMAGE_BYTES));
  }
  return Buffer.concat(recordable);
}
