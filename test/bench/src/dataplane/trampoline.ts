import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { BpfObject, MappedArray, type TestRun } from '@weir/dataplane';
import { BenchError } from '../bench-error.js';
import { type FlowPacket, PacketBytes } from './flow-packet.js';
import { sendLiveFrames } from './live-frames.js';
import { updateMapBatch } from './map-batch.js';

const OBJECT = fileURLToPath(new URL('../../obj/trampoline.bpf.o', import.meta.url));

/** struct original of bpf/trampoline.bpf.c, by byte offset. */
const Original = {
  packetBytes: PacketBytes.long,
  addressOffset: PacketBytes.long + 4,
  portOffset: PacketBytes.long + 6,
  tupleOffset: PacketBytes.long + 8,
  flows: PacketBytes.long + 12,
  next: PacketBytes.long + 16,
  bytes: PacketBytes.long + 20,
};
/** struct tuple, and how many there is room for. */
const TUPLE_BYTES = 16;
const TUPLES_MAX = 131_072;
const ONLY_KEY = new Uint8Array(4);

/** Packets of different flows: by number, or by what the program under test has made of them. */
export type FlowSequence =
  | { readonly packet: FlowPacket; readonly flows: number; readonly first?: number }
  | { readonly bytes: Uint8Array; readonly tuples: FlowTuples };

/** Addresses and ports of answers over IPv4. */
export interface FlowTuples {
  /** Where they go: source address, destination address, source port, destination port. */
  readonly offset: number;
  readonly tuples: readonly Uint8Array[];
}

export interface Repetition {
  readonly sequence: FlowSequence;
  readonly packets: number;
  readonly ingressIfindex: number;
  /** XDP action that the program must end with. */
  readonly verdict: number;
}

/** Calls a program again and again on packets as they were before it. */
export class Trampoline implements Disposable {
  readonly #object = new BpfObject(OBJECT);
  #storedTuples: FlowTuples | undefined;

  constructor() {
    try {
      this.#object.load();
    } catch (error) {
      this.#object[Symbol.dispose]();
      throw error;
    }
  }

  /** Descriptor of a program that passes every packet; borrowed. */
  get nothingFd(): number {
    return this.#object.programFd('nothing');
  }

  /** Descriptor of a program that counts and drops every packet; borrowed. */
  get returnedFd(): number {
    return this.#object.programFd('returned');
  }

  /** Descriptor of the program of {@link sendAndCount}; borrowed. */
  get senderFd(): number {
    return this.#object.programFd('sender');
  }

  /**
   * Mean time of a packet in ns, that of restoring it included: subtract the same with {@link nothingFd}.
   *
   * @throws {BenchError} BENCH_VERDICT_UNEXPECTED: what was measured is not what was meant
   */
  packetNs(programFd: number, repetition: Repetition): number {
    return this.repeat(programFd, repetition).durationNs;
  }

  /** The same, with what the program made of the last packet. */
  repeat(programFd: number, { sequence, packets, ingressIfindex, verdict }: Repetition): TestRun {
    const original = this.#store(sequence);
    this.#object.updateElement('measured', ONLY_KEY, Buffer.from(Uint32Array.of(programFd).buffer));
    const run = this.#object.testRun('trampoline', original, { repeat: packets, ingressIfindex });
    if (run.result === verdict) return run;
    throw new BenchError(
      'BENCH_VERDICT_UNEXPECTED',
      `expected the XDP action ${verdict} for a packet, found ${run.result}`,
    );
  }

  /**
   * Sends packets out of an interface whose far end sends them back to it, where {@link returnedFd} is attached.
   *
   * @returns packets that came back, and the time that all of them took together, in ns
   */
  sendAndCount(sequence: FlowSequence, packets: number, ifindex: number): { returned: number; ns: number } {
    const original = this.#store(sequence);
    using returns = new MappedArray(this.#object.mapFd('returns'), 'returns', BigUint64Array.BYTES_PER_ELEMENT, 1);
    const count = new DataView(returns.buffer);
    const before = count.getBigUint64(0, true);
    const frameNs = sendLiveFrames(this.#object.programFd('sender'), original, packets, ifindex);
    return { returned: Number(count.getBigUint64(0, true) - before), ns: frameNs * packets };
  }

  /** What the first packet is restored from; the programs find the same in their maps. */
  #store(sequence: FlowSequence): Uint8Array {
    const original = Buffer.alloc(Original.bytes);
    const bytes = 'packet' in sequence ? sequence.packet.bytes : sequence.bytes;
    original.set(bytes);
    original.writeUInt32LE(bytes.byteLength, Original.packetBytes);
    if ('packet' in sequence) {
      const { packet, flows, first = 0 } = sequence;
      original.writeUInt16LE(packet.addressOffset, Original.addressOffset);
      original.writeUInt16LE(packet.portOffset, Original.portOffset);
      original.writeUInt32LE(flows, Original.flows);
      original.writeUInt32LE(first, Original.next);
    } else {
      this.#storeTuples(sequence.tuples);
      original.writeUInt32LE(sequence.tuples.offset, Original.tupleOffset);
      original.writeUInt32LE(sequence.tuples.tuples.length, Original.flows);
    }
    this.#object.updateElement('originals', ONLY_KEY, original);
    return bytes;
  }

  #storeTuples(tuples: FlowTuples): void {
    if (this.#storedTuples === tuples) return;
    assert(tuples.tuples.length <= TUPLES_MAX, `no room for ${tuples.tuples.length} flows`);
    const values = new Uint8Array(tuples.tuples.length * TUPLE_BYTES);
    for (const [flow, tuple] of tuples.tuples.entries()) values.set(tuple, flow * TUPLE_BYTES);
    updateMapBatch(this.#object.mapFd('tuples'), values, TUPLE_BYTES);
    this.#storedTuples = tuples;
  }

  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
  }
}
