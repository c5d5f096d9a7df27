import { fileURLToPath } from 'node:url';
import { addressToBytes } from '@weir/packet';
import { dropReasons } from '../drop-reason.js';
import { BpfObject } from '../libbpf/bpf-object.js';
import { RingBuffer, RingBufferAlarm } from '../libbpf/ring-buffer.js';
import type { CapturedPacket, CaptureFilter, CaptureLimits, PacketCapture } from '../packet-capture.js';
import { parseNetwork } from '../parse-network.js';
import { Captured, CaptureSettings } from './layout.js';
import { writeSettings } from './program-settings.js';
import { type TableSizes, tableNames } from './table-sizes.js';

const OBJECT_PATH = fileURLToPath(new URL('../../obj/capture.bpf.o', import.meta.url));
/** All that the program which it stands in for has, with the map by which that calls others. */
const sharedMaps = [
  ...tableNames,
  'networks',
  'vlans',
  'peers',
  'answerers',
  'handovers',
  'flow_events',
  'missed_packets',
  'programs',
] as const;
/** Programs of the same source that stay those of the other object. */
const otherPrograms = ['weir_seldom', 'weir_settle', 'settle_all', 'start_clock', 'sweep_once'] as const;
/** What is buffered between two looks of this process; a power of two. */
const RING_BYTES = 4 << 20;
const RING = 'captured_packets';
const COUNTS_BYTES = 24;
const NO_REASON = 0xffff_ffff;
/** Packets between two looks at other work. */
const BATCH = 64;
/** How long to sleep without a packet; an end is noticed then. */
const WAIT_MS = 100;
const only = Buffer.alloc(4);
/** enum xdp_action of linux/bpf.h. */
const DROP = 1;
const PASS = 2;

/** What a capture needs of the data plane that it looks at. */
export interface CaptureHost {
  readonly sizes: TableSizes;
  mapFd(name: string): number;
  /** Puts this program where the usual one is, or that back: undefined. */
  exchange(programFd: number | undefined): void;
}

/** A capture by the XDP engine: on the interfaces a program that also tells stands in for the one that only forwards. */
export class XdpCapture implements PacketCapture, AsyncDisposable {
  readonly #object: BpfObject;
  readonly #host: CaptureHost;
  readonly #ring: RingBuffer;
  readonly #signal: AbortSignal;
  #isOver = false;
  #lost = 0;

  /** @throws {DataplaneError} BPF_OBJECT_MISSING, BPF_LOAD_REFUSED */
  static async start(
    host: CaptureHost,
    filter: CaptureFilter,
    limits: CaptureLimits,
    signal: AbortSignal,
  ): Promise<XdpCapture> {
    const object = new BpfObject(OBJECT_PATH);
    try {
      writeSettings(object, host.sizes, {});
      writeFilter(object.constants('.rodata.capture'), filter, limits);
      for (const name of otherPrograms) object.skipProgram(name);
      for (const name of sharedMaps) object.reuseMap(name, host.mapFd(name));
      object.resizeMap(RING, RING_BYTES);
      await object.loadInBackground();
      const ring = new RingBuffer(object.mapFd(RING), RING, RING_BYTES);
      host.exchange(object.programFd('weir_captured'));
      return new XdpCapture(object, host, ring, signal);
    } catch (error) {
      object[Symbol.dispose]();
      throw error;
    }
  }

  private constructor(object: BpfObject, host: CaptureHost, ring: RingBuffer, signal: AbortSignal) {
    this.#object = object;
    this.#host = host;
    this.#ring = ring;
    this.#signal = signal;
  }

  get lost(): number {
    if (!this.#isOver)
      this.#lost = Number(this.#object.lookupElement('capture_counts', only, COUNTS_BYTES).readBigUInt64LE());
    return this.#lost;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<CapturedPacket> {
    using alarm = new RingBufferAlarm(this.#ring);
    // Of the wall clock; the kernel counts from boot.
    const epochNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
    try {
      while (!this.#signal.aborted && !this.#isOver) {
        const packets: CapturedPacket[] = [];
        this.#ring.consume((word, bytes) => packets.push(decode(this.#ring.words, word, bytes, epochNs)), BATCH);
        yield* packets;
        if (packets.length === 0) await alarm.wait(WAIT_MS);
      }
    } finally {
      await this[Symbol.asyncDispose]();
    }
  }

  /** The usual program is back. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return;
    this.#host.exchange(undefined);
    this.#lost = this.lost;
    this.#isOver = true;
    this.#ring[Symbol.dispose]();
    this.#object[Symbol.dispose]();
  }
}

function writeFilter(
  constants: DataView,
  { vip, client, dropReason }: CaptureFilter,
  { packetsPerSecond, snapLengthBytes }: CaptureLimits,
): void {
  constants.setUint32(CaptureSettings.snapLength, snapLengthBytes, true);
  constants.setUint32(
    CaptureSettings.reason,
    dropReason === undefined ? NO_REASON : dropReasons.indexOf(dropReason),
    true,
  );
  constants.setUint32(CaptureSettings.perSecond, packetsPerSecond, true);
  const bytes = new Uint8Array(constants.buffer, constants.byteOffset, constants.byteLength);
  if (vip !== undefined) {
    const address = addressToBytes(vip);
    bytes.set(address, CaptureSettings.address);
    constants.setUint32(CaptureSettings.addressBytes, address.byteLength, true);
  }
  if (client !== undefined) {
    const { address, bits } = parseNetwork(client);
    bytes.set(address, CaptureSettings.client);
    constants.setUint32(CaptureSettings.clientBits, bits, true);
    constants.setUint32(CaptureSettings.clientBytes, address.byteLength, true);
  }
}

/** A record in the ring: struct captured of bpf/capture.bpf.c. */
function decode(words: Uint32Array, word: number, bytes: number, epochNs: bigint): CapturedPacket {
  const view = new DataView(words.buffer, words.byteOffset + word * 4, bytes);
  const action = view.getUint32(Captured.action, true);
  const reason = dropReasons[view.getUint32(Captured.reason, true) - 1];
  const length = view.getUint32(Captured.length, true);
  return {
    timestampNs: view.getBigUint64(Captured.time, true) + epochNs,
    ifindex: view.getUint32(Captured.ifindex, true),
    verdict:
      action === PASS
        ? { kind: 'passed' }
        : action === DROP
          ? { kind: 'dropped', reason }
          : reason === undefined
            ? { kind: 'forwarded' }
            : { kind: 'answered', reason },
    frame: new Uint8Array(view.buffer, view.byteOffset + Captured.frame, length).slice(),
    originalBytes: view.getUint32(Captured.originalLength, true),
  };
}
