import type { FlowEvents, FlowSharing, SettledPacket, Settlement, SharingCounts } from '../flow-sharing.js';
import type { PortableEngine } from '../portable/portable-engine.js';
import type { Verdict } from '../portable/verdict.js';

/** What the engine needs of the one who runs it, to share flows. */
export interface SharingHost {
  readonly engine: PortableEngine;
  /** @throws {DataplaneError} DATAPLANE_CLOSED */
  assertOpen(): void;
  /** The tick of this moment; next hops are asked for as of it. */
  startBatch(): number;
  /** Does with a frame what was decided. */
  carryOut(frame: Uint8Array, verdict: Verdict): void;
}

/** Flows of the portable engine, which has them in this very process: what is told is taken where it was put. */
export class PortableSharing implements FlowSharing {
  readonly #host: SharingHost;
  readonly #waiting = new Set<() => void>();

  constructor(host: SharingHost) {
    this.#host = host;
  }

  /** Packets were forwarded, or flows swept out. */
  notify(): void {
    if (this.#host.engine.hasEvents) this.release();
  }

  /** Nobody waits any longer, be there something to take or not. */
  release(): void {
    for (const resume of this.#waiting) resume();
  }

  take(): FlowEvents {
    this.#host.assertOpen();
    return this.#host.engine.takeEvents();
  }

  async wait(signal: AbortSignal): Promise<void> {
    this.#host.assertOpen();
    if (signal.aborted || this.#host.engine.hasEvents) return;
    await new Promise<void>((resolve) => {
      const resume = () => {
        this.#waiting.delete(resume);
        signal.removeEventListener('abort', resume);
        resolve();
      };
      this.#waiting.add(resume);
      signal.addEventListener('abort', resume);
    });
  }

  settle(packets: readonly SettledPacket[]): readonly Settlement[] {
    this.#host.assertOpen();
    const { engine } = this.#host;
    const nowTicks = this.#host.startBatch();
    const settlements = packets.map((settled) => {
      const { settlement, verdict } = engine.settle(settled, nowTicks);
      this.#host.carryOut(settled.packet.frame, verdict);
      return settlement;
    });
    this.notify();
    return settlements;
  }

  forget(images: Uint8Array): void {
    this.#host.assertOpen();
    this.#host.engine.forget(images);
  }

  told(): Iterable<Uint8Array> {
    this.#host.assertOpen();
    return this.#host.engine.told();
  }

  counts(): SharingCounts {
    this.#host.assertOpen();
    return this.#host.engine.sharingCounts;
  }
}
