import { fileURLToPath } from 'node:url';
import { BpfObject } from '@weir/dataplane';
import { BenchError } from '../bench-error.js';
import { type FlowPacket, PACKET_BYTES } from './flow-packet.js';

const OBJECT = fileURLToPath(new URL('../../obj/trampoline.bpf.o', import.meta.url));

/** struct original of bpf/trampoline.bpf.c, by byte offset. */
const Original = {
  flowOffset: PACKET_BYTES,
  flows: PACKET_BYTES + 2,
  next: PACKET_BYTES + 6,
  bytes: PACKET_BYTES + 10,
};
const ONLY_KEY = new Uint8Array(4);

export interface Repetition {
  readonly packet: FlowPacket;
  /** How many flows the packets belong to, in turn. */
  readonly flows: number;
  readonly packets: number;
  readonly ingressIfindex: number;
  /** XDP action that the program must end with. */
  readonly verdict: number;
}

/** Calls a program again and again on packets as they were before it. */
export class Trampoline implements Disposable {
  readonly #object = new BpfObject(OBJECT);

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

  /**
   * Mean time of a packet in ns, that of restoring it included: subtract the same with {@link nothingFd}.
   *
   * @throws {BenchError} BENCH_VERDICT_UNEXPECTED: what was measured is not what was meant
   */
  packetNs(programFd: number, { packet, flows, packets, ingressIfindex, verdict }: Repetition): number {
    const original = Buffer.alloc(Original.bytes);
    original.set(packet.bytes);
    original.writeUInt16LE(packet.flowOffset, Original.flowOffset);
    original.writeUInt32LE(flows, Original.flows);
    this.#object.updateElement('originals', ONLY_KEY, original);
    this.#object.updateElement('measured', ONLY_KEY, Buffer.from(Uint32Array.of(programFd).buffer));
    const { result, durationNs } = this.#object.testRun('trampoline', packet.bytes, {
      repeat: packets,
      ingressIfindex,
    });
    if (result === verdict) return durationNs;
    throw new BenchError(
      'BENCH_VERDICT_UNEXPECTED',
      `expected the XDP action ${verdict} for a packet, found ${result}`,
    );
  }

  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
  }
}
