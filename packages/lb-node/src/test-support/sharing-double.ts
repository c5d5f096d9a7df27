import type { FlowEvents, FlowSharing, SettledPacket, Settlement, SharingCounts } from '@weir/dataplane';
import { flowKey } from '../flow-key.js';

const nothing = new Uint8Array(0);

/** A data plane as far as it shares flows: what happens to it is up to the test, what it is asked to do it notes. */
export class SharingDouble implements FlowSharing {
  /** Each call of settle. */
  readonly settled: (readonly SettledPacket[])[] = [];
  readonly forgotten: Uint8Array[] = [];
  toldFlows: readonly Uint8Array[] = [];
  /** What settle makes of packets of flows that were found; by default, the first one of each is adopted. */
  settlement: Settlement | undefined;
  readonly #known = new Set<string>();
  #events: FlowEvents[] = [];
  #wake = () => {};

  /** Lets something happen. */
  happen(events: Partial<FlowEvents>): void {
    this.#events.push({ told: nothing, refreshed: nothing, ended: nothing, missed: [], ...events });
    this.#wake();
  }

  take(): FlowEvents {
    return this.#events.shift() ?? { told: nothing, refreshed: nothing, ended: nothing, missed: [] };
  }

  async wait(signal: AbortSignal): Promise<void> {
    if (this.#events.length > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  settle(packets: readonly SettledPacket[]): readonly Settlement[] {
    this.settled.push(packets);
    return packets.map(({ flow }) => this.#settle(flow));
  }

  forget(images: Uint8Array): void {
    this.forgotten.push(Uint8Array.from(images));
  }

  told(): Iterable<Uint8Array> {
    return this.toldFlows;
  }

  counts(): SharingCounts {
    return { told: 0, ended: 0, missed: 0, overRate: 0, lost: 0, adopted: this.#known.size };
  }

  #settle(flow: Uint8Array | undefined): Settlement {
    if (flow === undefined) return 'unknown';
    if (this.settlement !== undefined) return this.settlement;
    const key = flowKey({ direction: 'client', image: flow });
    if (this.#known.has(key)) return 'known';
    this.#known.add(key);
    return 'adopted';
  }
}
