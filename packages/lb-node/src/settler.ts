import type { Logger } from '@weir/daemon';
import type { FlowSharing, SettledPacket, Settlement } from '@weir/dataplane';

/** Packets that are settled in one go. */
const BATCH_MAX = 256;

/** Called with what became of a packet. */
type Then = (settlement: Settlement) => void;

/** Settles packets in batches: those that come in one turn of the event loop, or as many as a batch takes. */
export class Settler {
  readonly #sharing: Pick<FlowSharing, 'settle'>;
  readonly #logger: Logger;
  readonly #settlements: Record<Settlement, number> = { adopted: 0, known: 0, no_backend: 0, no_room: 0, unknown: 0 };
  #failed = 0;
  #packets: SettledPacket[] = [];
  #thens: (Then | undefined)[] = [];

  constructor(sharing: Pick<FlowSharing, 'settle'>, logger: Logger) {
    this.#sharing = sharing;
    this.#logger = logger;
  }

  /** Packets by what became of them. */
  get settlements(): Readonly<Record<Settlement, number>> {
    return this.#settlements;
  }

  /** Packets that were lost because the data plane refused. */
  get failed(): number {
    return this.#failed;
  }

  /** Settles it soon. */
  add(packet: SettledPacket, then?: Then): void {
    this.#packets.push(packet);
    this.#thens.push(then);
    if (this.#packets.length === BATCH_MAX) this.flush();
    else if (this.#packets.length === 1) setImmediate(() => this.flush());
  }

  /** Settles now what waits. */
  flush(): void {
    const packets = this.#packets;
    const thens = this.#thens;
    if (packets.length === 0) return;
    this.#packets = [];
    this.#thens = [];
    try {
      this.#sharing.settle(packets).forEach((settlement, i) => {
        this.#settlements[settlement] += 1;
        thens[i]?.(settlement);
      });
    } catch (error) {
      this.#failed += packets.length;
      this.#logger.error(
        { event: 'takeover_packets_lost', err: error, packets: packets.length },
        'packets of flows of other nodes are lost',
      );
    }
  }
}
