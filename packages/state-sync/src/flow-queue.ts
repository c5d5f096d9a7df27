import { FLOW_IMAGE_BYTES } from '@weir/packet';
import { ImageRing } from './image-ring.js';

/** What is to be told of a flow. The order is that in which they are dropped when there is no room. */
export const noticeKinds = ['refresh', 'end', 'tell'] as const;
export type NoticeKind = (typeof noticeKinds)[number];

/** Images with one thing to be told about them, taken from the queue together. */
export interface Batch {
  readonly operation: 'write' | 'remove';
  readonly images: Uint8Array;
  readonly runs: readonly Run[];
}

/** Images of a batch that lie together and are of one kind; counted, not measured in bytes. */
interface Run {
  readonly kind: NoticeKind;
  readonly first: number;
  readonly count: number;
  readonly turn: number;
}

/**
 * What waits for the store, bounded: when it is full, the oldest refreshes go first (the next one of the same flow
 * follows within a third of its timeout), then the oldest ends (their records expire), and what is told for the first time goes
 * last. What is told
 * about one flow stays in order.
 */
export class FlowQueue {
  readonly #rings: Readonly<Record<NoticeKind, ImageRing>> = {
    refresh: new ImageRing(),
    end: new ImageRing(),
    tell: new ImageRing(),
  };
  readonly #dropped: Record<NoticeKind, number> = { refresh: 0, end: 0, tell: 0 };
  readonly #max: number;
  #turn = 0;

  /** @param max  images */
  constructor(max: number) {
    this.#max = max;
  }

  get length(): number {
    return noticeKinds.reduce((sum, kind) => sum + this.#rings[kind].length, 0);
  }

  get dropped(): Readonly<Record<NoticeKind, number>> {
    return { ...this.#dropped };
  }

  /** Of the last push. */
  get newestTurn(): number {
    return this.#turn;
  }

  /** Of what waits; undefined: nothing does. */
  get oldestTurn(): number | undefined {
    const kind = this.#oldestKind();
    return kind && this.#rings[kind].firstTurn;
  }

  push(kind: NoticeKind, images: Uint8Array): void {
    const count = images.byteLength / FLOW_IMAGE_BYTES;
    this.#makeRoom(count, noticeKinds.slice(0, noticeKinds.indexOf(kind) + 1));
    const kept = Math.min(count, this.#max - this.length);
    this.#dropped[kind] += count - kept;
    // The newest of them: what was dropped is always the oldest of a kind.
    if (kept > 0) this.#rings[kind].push(images.subarray((count - kept) * FLOW_IMAGE_BYTES), ++this.#turn);
  }

  /** The oldest, as many as are of one operation, at most `max`. */
  take(max: number): Batch | undefined {
    const operation = this.#operationOfOldest();
    if (operation === undefined) return;
    const images = new Uint8Array(Math.min(max, this.length) * FLOW_IMAGE_BYTES);
    const runs: Run[] = [];
    let taken = 0;
    while (taken < max && this.#operationOfOldest() === operation) {
      const kind = this.#oldestKind() as NoticeKind;
      const ring = this.#rings[kind];
      const turn = ring.firstTurn;
      const count = ring.takeRun(max - taken, images, taken * FLOW_IMAGE_BYTES);
      runs.push({ kind, first: taken, count, turn });
      taken += count;
    }
    return { operation, images: images.subarray(0, taken * FLOW_IMAGE_BYTES), runs };
  }

  /** Takes back what the store did not take, to its old place; of several batches, the last one first. */
  giveBack(batch: Batch): void {
    for (const { kind, first, count, turn } of [...batch.runs].reverse()) {
      // Those of the same kind that came meanwhile are newer, and stay.
      this.#makeRoom(count, noticeKinds.slice(0, noticeKinds.indexOf(kind)));
      const kept = Math.min(count, this.#max - this.length);
      this.#dropped[kind] += count - kept;
      const end = (first + count) * FLOW_IMAGE_BYTES;
      if (kept > 0) this.#rings[kind].unshift(batch.images.subarray(end - kept * FLOW_IMAGE_BYTES, end), turn);
    }
  }

  /** Drops the oldest of these kinds, one kind after the other, until there is room for so many or none is left. */
  #makeRoom(count: number, kinds: readonly NoticeKind[]): void {
    let missing = this.length + Math.min(count, this.#max) - this.#max;
    for (const kind of kinds) {
      const dropped = Math.max(0, Math.min(missing, this.#rings[kind].length));
      this.#rings[kind].drop(dropped);
      this.#dropped[kind] += dropped;
      missing -= dropped;
    }
  }

  #oldestKind(): NoticeKind | undefined {
    let oldest: NoticeKind | undefined;
    for (const kind of noticeKinds) {
      const turn = this.#rings[kind].firstTurn;
      if (turn < (oldest === undefined ? Number.POSITIVE_INFINITY : this.#rings[oldest].firstTurn)) oldest = kind;
    }
    return oldest;
  }

  #operationOfOldest(): Batch['operation'] | undefined {
    const kind = this.#oldestKind();
    return kind === undefined ? undefined : kind === 'end' ? 'remove' : 'write';
  }
}
