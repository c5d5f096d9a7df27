import { strict as assert } from 'node:assert';
import type { Chance } from '../chance.js';
import { livingFlowDurationMs, MEAN_DURATION_MS, newFlowDurationMs, packetGapMs } from './flow-durations.js';

/** A span of time in which nothing changes but the flows: from `fromMs` to before `toMs`. */
export interface Epoch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The flows that send in an epoch, each once: as nothing changes, what becomes of one packet becomes of all. */
export interface Packets {
  readonly count: number;
  /** Places of the flows in the columns of {@link Flows}. */
  readonly flow: Uint32Array;
  /** When the flow's first packet of the epoch comes, and its last. */
  readonly firstMs: Float64Array;
  readonly lastMs: Float64Array;
  /** 1: the flow begins with it. */
  readonly begins: Uint8Array;
}

/** Those that end in an epoch keep their places until those that begin in it have theirs. */
const ROOM = 1.5;

/**
 * Millions of flows, as columns. About `living` live at any time: as many begin as end. Those that begin and end within one
 * epoch meet no change, so nothing can break them; they are counted and take no place.
 */
export class Flows {
  /** Places of the columns; a place is used again after its flow has ended. */
  readonly capacity: number;
  /** 32 bits that stand for the 5-tuple. */
  readonly hash: Uint32Array;
  readonly startMs: Float64Array;
  readonly endMs: Float64Array;
  /** So many have begun, the first `living` included. */
  begun: number;
  readonly #chance: Chance;
  readonly #gapMs: Float32Array;
  readonly #meanBetweenMs: number;
  readonly #free: Uint32Array;
  #freeCount: number;
  #nextStartMs: number;
  readonly #packets: { -readonly [K in keyof Packets]: Packets[K] };

  constructor(chance: Chance, living: number) {
    this.#chance = chance;
    this.capacity = Math.ceil(living * ROOM) + 1000;
    this.hash = new Uint32Array(this.capacity);
    this.startMs = new Float64Array(this.capacity);
    this.endMs = new Float64Array(this.capacity).fill(Number.NEGATIVE_INFINITY);
    this.#gapMs = new Float32Array(this.capacity);
    this.#free = Uint32Array.from({ length: this.capacity }, (_, i) => this.capacity - 1 - i);
    this.#freeCount = this.capacity;
    this.#packets = {
      count: 0,
      flow: new Uint32Array(this.capacity),
      firstMs: new Float64Array(this.capacity),
      lastMs: new Float64Array(this.capacity),
      begins: new Uint8Array(this.capacity),
    };
    for (let i = 0; i < living; i++) {
      const durationMs = livingFlowDurationMs(chance);
      this.#add(-durationMs * chance.uniform(), durationMs);
    }
    this.begun = living;
    this.#meanBetweenMs = MEAN_DURATION_MS / living;
    this.#nextStartMs = chance.exponential(this.#meanBetweenMs);
  }

  /** How many live at the moment. */
  get living(): number {
    return this.capacity - this.#freeCount;
  }

  isLiving(flow: number): boolean {
    return this.endMs[flow] !== Number.NEGATIVE_INFINITY;
  }

  /** Lets time pass. What is given is overwritten by the next call. */
  pass({ fromMs, toMs }: Epoch): Packets {
    const packets = this.#packets;
    packets.count = 0;
    for (let flow = 0; flow < this.capacity; flow++) {
      const endMs = this.endMs[flow] as number;
      if (endMs === Number.NEGATIVE_INFINITY) continue;
      const firstMs = this.#firstPacketFrom(flow, fromMs);
      if (firstMs < toMs && firstMs <= endMs) this.#send(flow, firstMs, toMs, 0);
    }
    for (; this.#nextStartMs < toMs; this.#nextStartMs += this.#chance.exponential(this.#meanBetweenMs)) {
      this.begun++;
      const durationMs = newFlowDurationMs(this.#chance);
      if (this.#nextStartMs + durationMs < toMs) continue;
      this.#send(this.#add(this.#nextStartMs, durationMs), this.#nextStartMs, toMs, 1);
    }
    for (const [flow, endMs] of this.endMs.entries()) {
      if (endMs < toMs && endMs !== Number.NEGATIVE_INFINITY) this.#remove(flow);
    }
    return packets;
  }

  #firstPacketFrom(flow: number, fromMs: number): number {
    const startMs = this.startMs[flow] as number;
    const gapMs = this.#gapMs[flow] as number;
    return startMs + Math.max(0, Math.ceil((fromMs - startMs) / gapMs)) * gapMs;
  }

  #send(flow: number, firstMs: number, toMs: number, begins: 0 | 1): void {
    const packets = this.#packets;
    const gapMs = this.#gapMs[flow] as number;
    const untilMs = Math.min(toMs, this.endMs[flow] as number);
    packets.flow[packets.count] = flow;
    packets.firstMs[packets.count] = firstMs;
    packets.lastMs[packets.count] = firstMs + Math.floor((untilMs - firstMs) / gapMs) * gapMs;
    packets.begins[packets.count] = begins;
    packets.count++;
  }

  #add(startMs: number, durationMs: number): number {
    assert(this.#freeCount > 0, 'as many flows end as begin');
    const flow = this.#free[--this.#freeCount] as number;
    this.hash[flow] = this.#chance.bits();
    this.startMs[flow] = startMs;
    this.endMs[flow] = startMs + durationMs;
    this.#gapMs[flow] = packetGapMs(this.#chance, durationMs);
    return flow;
  }

  #remove(flow: number): void {
    this.endMs[flow] = Number.NEGATIVE_INFINITY;
    this.#free[this.#freeCount++] = flow;
  }
}
