import { parentPort, workerData } from 'node:worker_threads';
import { testRun } from '../libbpf/bpf-object.js';

/** What a flood sends: one frame, again and again from other ports and addresses of its client. */
export interface Flood {
  readonly programFd: number;
  readonly frame: Uint8Array;
  readonly ingressIfindex: number;
  readonly packets: number;
  /** TCP flags to take turns with. */
  readonly flags: readonly number[];
  /** Clients are told apart by this many low bits of their address, and their port by as many. */
  readonly bits: number;
  readonly seed: number;
}

const SOURCE_ADDRESS = 14 + 12;
const SOURCE_PORT = 14 + 20;
const TCP_FLAGS = 14 + 20 + 13;

const { programFd, frame, ingressIfindex, packets, flags, bits, seed } = workerData as Flood;
const bytes = Uint8Array.from(frame);
const view = new DataView(bytes.buffer);
let random = seed;
for (let i = 0; i < packets; i++) {
  // Numerical Recipes' generator: quick, and the same for the same seed.
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  const mask = (1 << bits) - 1;
  view.setUint8(SOURCE_ADDRESS + 3, (random >>> 8) & mask);
  view.setUint16(SOURCE_PORT, 1024 + ((random >>> 20) & mask));
  view.setUint8(TCP_FLAGS, flags[(random >>> 28) % flags.length] as number);
  testRun(programFd, bytes, { ingressIfindex });
}
parentPort?.postMessage('done');
