import { fileURLToPath } from 'node:url';
import { attachXdp, BpfObject, MappedArray } from '@weir/dataplane';

const OBJECT = fileURLToPath(new URL('../../obj/arrivals.bpf.o', import.meta.url));
const FLOWS_MAX = 1_048_576;
/** struct arrival of bpf/arrivals.bpf.c, in words of 64 bits. */
const Arrival = { words: 2, firstNs: 0, backendAndElsewhere: 1 } as const;

/** What became of flows since {@link Arrivals.reset}. */
export interface ArrivalCounts {
  /** When each flow that arrived did so first, in ms since the reset, in ascending order. */
  readonly ms: readonly number[];
  /** Flows of which a packet went to another backend than before. */
  readonly elsewhere: number;
}

/** Takes down which flows get to backends, on an interface where all backends are. */
export class Arrivals implements Disposable {
  readonly #object = new BpfObject(OBJECT);
  readonly #memory: MappedArray;
  readonly #words: BigUint64Array;
  #resetNs = 0n;

  /** Everything that arrives on the interface ends there. */
  constructor(networkInterface: string) {
    try {
      this.#object.load();
      this.#memory = new MappedArray(
        this.#object.mapFd('arrivals'),
        'arrivals',
        Arrival.words * BigUint64Array.BYTES_PER_ELEMENT,
        FLOWS_MAX,
      );
      this.#words = new BigUint64Array(this.#memory.buffer);
      attachXdp(this.#object.programFd('arrived'), networkInterface, 'native', `/sys/fs/bpf/${networkInterface}`);
    } catch (error) {
      this.#object[Symbol.dispose]();
      throw error;
    }
  }

  /** Flows have not arrived yet; to which backend they went stays known. */
  reset(): void {
    for (let at = 0; at < this.#words.length; at += Arrival.words) {
      this.#words[at + Arrival.firstNs] = 0n;
      const backend = (this.#words[at + Arrival.backendAndElsewhere] as bigint) & 0xffff_ffffn;
      this.#words[at + Arrival.backendAndElsewhere] = backend;
    }
    this.#resetNs = process.hrtime.bigint();
  }

  /** How many of the first flows have arrived. */
  count(flows: number): number {
    let count = 0;
    for (let flow = 0; flow < flows; flow++) if (this.#firstNs(flow) !== 0n) count++;
    return count;
  }

  /** Of the first flows. */
  of(flows: number): ArrivalCounts {
    const ms: number[] = [];
    let elsewhere = 0;
    for (let flow = 0; flow < flows; flow++) {
      const firstNs = this.#firstNs(flow);
      if (firstNs !== 0n) ms.push(Number(firstNs - this.#resetNs) / 1e6);
      const word = this.#words[flow * Arrival.words + Arrival.backendAndElsewhere] as bigint;
      if (word >> 32n !== 0n) elsewhere++;
    }
    return { ms: ms.sort((a, b) => a - b), elsewhere };
  }

  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]();
    this.#object[Symbol.dispose]();
  }

  #firstNs(flow: number): bigint {
    return this.#words[flow * Arrival.words + Arrival.firstNs] as bigint;
  }
}
