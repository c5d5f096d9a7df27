import { backoffMs } from './backoff.js';
import type { FlowIds } from './flow-id.js';
import { type Batch, FlowQueue, type NoticeKind } from './flow-queue.js';
import type { FlowStore } from './flow-store.js';
import { packEnds, packWrites } from './packed-writes.js';
import { TurnTimes } from './turn-times.js';

/** Flows that are told together. */
const FLOWS_PER_BATCH = 512;
/** So that this process packs the next batch while the store works on the one before. */
const BATCHES_UNDER_WAY_MAX = 2;

export interface FlowWriterOptions {
  readonly store: FlowStore;
  readonly ids: FlowIds;
  readonly owner: number;
  /** As they are at the moment. @see ttlsByState */
  readonly ttlSeconds: () => readonly number[];
  readonly queueMax: number;
  readonly batchDelayMs: number;
  /** Told of each batch: whether the store took it. */
  readonly onOutcome: (error: Error | undefined) => void;
}

/** Tells the store of flows, in batches; what it does not take waits and is told again. */
export class FlowWriter implements AsyncDisposable {
  readonly #queue: FlowQueue;
  readonly #times = new TurnTimes();
  readonly #written: Record<NoticeKind, number> = { refresh: 0, end: 0, tell: 0 };
  readonly #stopListening: () => void;
  /** In the order in which they were sent. */
  readonly #underWay = new Set<Batch>();
  readonly #failed: Batch[] = [];
  /** Set while {@link FlowWriterOptions.batchDelayMs} runs for what is waiting. */
  #delay: NodeJS.Timeout | undefined;
  /** Set while a store that is there and yet did not take a batch is left alone. */
  #pause: NodeJS.Timeout | undefined;
  #isDue = false;
  #isClosed = false;
  #attempts = 0;
  #onIdle: (() => void) | undefined;

  constructor(private readonly options: FlowWriterOptions) {
    this.#queue = new FlowQueue(options.queueMax);
    this.#stopListening = options.store.onAvailability((isAvailable) => {
      if (!isAvailable) return;
      this.#endPause();
      this.#send();
    });
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** For how long what waits, or is under way, has waited. */
  get lagMs(): number {
    const turns = [...this.#underWay, ...this.#failed].flatMap(({ runs }) => runs.map(({ turn }) => turn));
    const waiting = this.#queue.oldestTurn;
    if (waiting !== undefined) turns.push(waiting);
    return this.#times.ageMs(turns.length === 0 ? undefined : Math.min(...turns), performance.now());
  }

  get dropped(): Readonly<Record<NoticeKind, number>> {
    return this.#queue.dropped;
  }

  get written(): Readonly<Record<NoticeKind, number>> {
    return { ...this.#written };
  }

  push(kind: NoticeKind, images: Uint8Array): void {
    this.#queue.push(kind, images);
    this.#times.note(this.#queue.newestTurn, performance.now());
    this.#send();
  }

  /** Waits until all is written, or so long. */
  async drain(timeoutMs: number): Promise<void> {
    this.#isDue = true;
    this.#send();
    if (this.#isIdle() || !this.options.store.isAvailable) return;
    await new Promise<void>((resolve) => {
      const timeout = setTimeout(resolve, timeoutMs);
      this.#onIdle = () => {
        clearTimeout(timeout);
        resolve();
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopListening();
    clearTimeout(this.#delay);
    clearTimeout(this.#pause);
    this.#isClosed = true;
  }

  #send(): void {
    while (this.#maySend()) {
      if (this.#queue.length < FLOWS_PER_BATCH && !this.#isDue) {
        this.#delay ??= setTimeout(() => {
          this.#delay = undefined;
          this.#isDue = true;
          this.#send();
        }, this.options.batchDelayMs);
        return;
      }
      const batch = this.#queue.take(FLOWS_PER_BATCH);
      if (batch === undefined) break;
      this.#underWay.add(batch);
      void this.#write(batch);
    }
    if (this.#queue.length === 0) this.#isDue = false;
  }

  #maySend(): boolean {
    const isHeldUp = this.#isClosed || this.#pause !== undefined || this.#failed.length > 0;
    return (
      this.options.store.isAvailable &&
      !isHeldUp &&
      this.#underWay.size < BATCHES_UNDER_WAY_MAX &&
      this.#queue.length > 0
    );
  }

  async #write(batch: Batch): Promise<void> {
    const { store, ids, owner, ttlSeconds, onOutcome } = this.options;
    let error: Error | undefined;
    try {
      if (batch.operation === 'write') await store.write(packWrites(batch.images, owner, ids), ttlSeconds());
      else await store.remove(packEnds(batch.images, ids), owner);
      for (const { kind, count } of batch.runs) this.#written[kind] += count;
      this.#attempts = 0;
    } catch (caught) {
      error = caught as Error;
      this.#failed.push(batch);
    }
    this.#underWay.delete(batch);
    onOutcome(error);
    if (this.#failed.length > 0 && this.#underWay.size === 0) this.#giveBack();
    this.#send();
    if (this.#isIdle()) this.#onIdle?.();
  }

  /** Once none is under way any more, so that all come to their old places. */
  #giveBack(): void {
    for (const batch of this.#failed.splice(0).reverse()) this.#queue.giveBack(batch);
    this.#isDue = true;
    // A store that went says when it is back. One that is there and refuses (no memory, a slot without a master) does not.
    if (!this.options.store.isAvailable || this.#pause !== undefined || this.#isClosed) return;
    this.#pause = setTimeout(
      () => {
        this.#endPause();
        this.#send();
      },
      backoffMs(++this.#attempts),
    );
  }

  #endPause(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
  }

  #isIdle(): boolean {
    return this.#queue.length === 0 && this.#underWay.size === 0;
  }
}
