import { bytesToAddress, canonicalAddress } from '@weir/packet';
import type {
  CapturedPacket,
  CapturedVerdict,
  CaptureFilter,
  CaptureLimits,
  PacketCapture,
} from '../packet-capture.js';
import { NetworkList } from '../portable/network-list.js';
import { parseFrame } from '../portable/parse-frame.js';
import type { Verdict } from '../portable/verdict.js';

/** Packets that nobody has taken yet. */
const WAITING_MAX = 4096;

/** A capture by the portable engine, which hands in each packet that it decides about. */
export class PortableCapture implements PacketCapture {
  readonly #filter: CaptureFilter;
  readonly #limits: CaptureLimits;
  readonly #signal: AbortSignal;
  readonly #onEnd: () => void;
  readonly #clients: NetworkList | undefined;
  readonly #waiting: CapturedPacket[] = [];
  #wake: () => void = () => {};
  #second = { number: 0, packets: 0 };
  lost = 0;

  constructor(filter: CaptureFilter, limits: CaptureLimits, signal: AbortSignal, onEnd: () => void) {
    this.#filter = filter;
    this.#limits = limits;
    this.#signal = signal;
    this.#onEnd = onEnd;
    this.#clients = filter.client === undefined ? undefined : new NetworkList({ allow: [filter.client], deny: [] });
    signal.addEventListener('abort', () => this.#end(), { once: true });
  }

  /** A frame that was decided about. */
  see(frame: Uint8Array, verdict: Verdict): void {
    if (!this.#matches(frame, verdict)) return;
    const nowMs = Date.now();
    const number = Math.floor(nowMs / 1000);
    if (number !== this.#second.number) this.#second = { number, packets: 0 };
    if (this.#second.packets++ >= this.#limits.packetsPerSecond || this.#waiting.length >= WAITING_MAX) {
      this.lost++;
      return;
    }
    this.#waiting.push({
      timestampNs: BigInt(nowMs) * 1_000_000n,
      ifindex: 0,
      verdict: inWords(verdict),
      frame: frame.slice(0, this.#limits.snapLengthBytes),
      originalBytes: frame.byteLength,
    });
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<CapturedPacket> {
    try {
      while (!this.#signal.aborted) {
        yield* this.#waiting.splice(0);
        if (this.#waiting.length > 0 || this.#signal.aborted) continue;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.#end();
    }
  }

  #end(): void {
    this.#onEnd();
    this.#wake();
  }

  #matches(frame: Uint8Array, verdict: Verdict): boolean {
    const { vip, dropReason } = this.#filter;
    if (dropReason !== undefined && (verdict.action === 'pass' || verdict.reason !== dropReason)) return false;
    if (vip === undefined && this.#clients === undefined) return true;
    const parsed = parseFrame(frame);
    if (parsed.kind !== 'packet') return false;
    const ends = [parsed.packet.source, parsed.packet.destination];
    const isVip = (end: Uint8Array) => vip === undefined || bytesToAddress(end) === canonicalAddress(vip);
    const isClient = (end: Uint8Array) => this.#clients === undefined || this.#clients.verdictOn(end) === 'allow';
    return ends.some(isVip) && ends.some(isClient);
  }
}

function inWords(verdict: Verdict): CapturedVerdict {
  if (verdict.action === 'pass') return { kind: 'passed' };
  if (verdict.action === 'drop') return { kind: 'dropped', reason: verdict.reason };
  return verdict.reason === undefined ? { kind: 'forwarded' } : { kind: 'answered', reason: verdict.reason };
}
