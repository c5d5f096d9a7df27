import type { FlowEvents, MissedPacket, SharingCounts } from '../flow-sharing.js';
import { SETTLED_FRAME_MAX } from '../xdp/layout.js';

export interface EventLimits {
  /** Flows that were told, told again or ended, and that nobody took yet; of each. */
  readonly events: number;
  /** Packets that nobody took yet. */
  readonly missed: number;
}

/** What user space is told, until it takes it. What finds no room is lost, and counted. */
export class FlowEventQueue {
  readonly #limits: EventLimits;
  readonly #counts = { told: 0, ended: 0, missed: 0, overRate: 0, lost: 0, adopted: 0 };
  #told: Uint8Array[] = [];
  #refreshed: Uint8Array[] = [];
  #ended: Uint8Array[] = [];
  #missed: MissedPacket[] = [];

  constructor(limits: EventLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#told.length + this.#refreshed.length + this.#ended.length + this.#missed.length === 0;
  }

  get counts(): SharingCounts {
    return { ...this.#counts };
  }

  /** @param isFirst  the flow was not told before. False is returned where there is no room. */
  tell(image: Uint8Array, isFirst: boolean): boolean {
    return this.#add(isFirst ? this.#told : this.#refreshed, image, this.#limits.events, 'told');
  }

  end(image: Uint8Array): void {
    this.#add(this.#ended, image, this.#limits.events, 'ended');
  }

  /**
   * True: the packet ends here. Where nobody has taken those before it, it is lost, for its sender to send again; false: it is
   * longer than user space could give back.
   */
  handUp(packet: MissedPacket): boolean {
    // As much as the XDP engine can be given back.
    if (packet.frame.byteLength > SETTLED_FRAME_MAX) {
      this.#counts.lost++;
      return false;
    }
    this.#add(this.#missed, packet, this.#limits.missed, 'missed');
    return true;
  }

  countOverRate(): void {
    this.#counts.overRate++;
  }

  countAdopted(): void {
    this.#counts.adopted++;
  }

  take(): FlowEvents {
    const events = {
      told: joined(this.#told),
      refreshed: joined(this.#refreshed),
      ended: joined(this.#ended),
      missed: this.#missed,
    };
    [this.#told, this.#refreshed, this.#ended, this.#missed] = [[], [], [], []];
    return events;
  }

  #add<T>(queue: T[], event: T, most: number, kind: 'told' | 'ended' | 'missed'): boolean {
    if (queue.length >= most) {
      this.#counts.lost++;
      return false;
    }
    queue.push(event);
    this.#counts[kind]++;
    return true;
  }
}

/** Images one after another, in bytes of their own. */
export function joined(images: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(images));
}
