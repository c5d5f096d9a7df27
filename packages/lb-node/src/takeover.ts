import type { Logger } from '@weir/daemon';
import type { FlowSharing, MissedPacket, Settlement } from '@weir/dataplane';
import type { FlowReplication, FoundFlow } from '@weir/state-sync';
import { flowKey } from './flow-key.js';
import { type FlowFinder, type LookupResult, lookUp } from './flow-lookup.js';
import { Settler } from './settler.js';
import type { SharedServices } from './shared-services.js';
import { UnknownFlows } from './unknown-flows.js';

/** A client's first window is about so many packets (RFC 6928), and it sends them again. */
const PACKETS_PER_FLOW_MAX = 8;
/** At 2 KiB each, 40 MiB. */
const PACKETS_MAX = 20_000;

/** What a takeover works with. */
export interface TakeoverParts {
  readonly sharing: Pick<FlowSharing, 'settle'>;
  readonly replication: FlowFinder & Pick<FlowReplication, 'takeOver'>;
  /** Of this node, see ownerNumber. */
  readonly owner: number;
  /** Called with images of flows that this node goes on with from now on. */
  readonly onAdopted?: ((image: Uint8Array) => void) | undefined;
  readonly logger: Logger;
  /** In ms, of a clock that is never set back. */
  readonly now: () => number;
}

/** Since the start of this process. */
export interface TakeoverCounts {
  /** Flows that the store was asked about, and its answers; {@link LookupResult}. */
  readonly lookups: number;
  readonly found: number;
  readonly unknown: number;
  readonly unavailable: number;
  readonly otherService: number;
  /** Flows whose former owner was told. */
  readonly takenOver: number;
  /** Packets that were settled, by what became of them. */
  readonly settled: Readonly<Record<Settlement, number>>;
  /** Packets that found too many others waiting, of their flow or at all, or that the data plane refused. */
  readonly dropped: number;
}

/**
 * Goes on with flows that began at other nodes: asks the store about missed packets, once for all that wait of a flow, and
 * settles them by its answer.
 */
export class Takeover {
  readonly #parts: TakeoverParts;
  readonly #settler: Settler;
  readonly #unknown = new UnknownFlows();
  readonly #waiting = new Map<string, MissedPacket[]>();
  #waitingPackets = 0;
  #services: SharedServices;
  readonly #answers = { found: 0, unknown: 0, unavailable: 0, other_service: 0 };
  #lookups = 0;
  #takenOver = 0;
  #dropped = 0;

  constructor(services: SharedServices, parts: TakeoverParts) {
    this.#services = services;
    this.#parts = parts;
    this.#settler = new Settler(parts.sharing, parts.logger);
  }

  /** Puts another configuration in force. */
  use(services: SharedServices): void {
    this.#services = services;
  }

  /** Takes packets of flows that are not known here. Each is settled, or dropped and counted. */
  missed(packets: readonly MissedPacket[]): void {
    for (const packet of packets) this.#missed(packet);
  }

  counts(): TakeoverCounts {
    const { found, unknown, unavailable, other_service: otherService } = this.#answers;
    return {
      lookups: this.#lookups,
      found,
      unknown,
      unavailable,
      otherService,
      takenOver: this.#takenOver,
      settled: { ...this.#settler.settlements },
      dropped: this.#dropped + this.#settler.failed,
    };
  }

  #missed(packet: MissedPacket): void {
    const key = flowKey(packet);
    if (this.#unknown.has(key, this.#parts.now())) {
      this.#settler.add({ packet, flow: undefined });
      return;
    }
    const others = this.#waiting.get(key);
    if (this.#waitingPackets >= PACKETS_MAX || (others !== undefined && others.length >= PACKETS_PER_FLOW_MAX)) {
      this.#dropped += 1;
      return;
    }
    this.#waitingPackets += 1;
    if (others !== undefined) {
      others.push(packet);
    } else {
      this.#waiting.set(key, [packet]);
      void this.#ask(key, packet);
    }
  }

  async #ask(key: string, packet: MissedPacket): Promise<void> {
    this.#lookups += 1;
    try {
      const result = await lookUp(packet, this.#services, this.#parts.replication);
      this.#answered(key, result, this.#takeWaiting(key));
    } catch (error) {
      // The store is asked by nobody any more: the node ends.
      this.#dropped += this.#takeWaiting(key).length;
      this.#parts.logger.debug({ err: error }, 'a flow of another node is not asked about any more');
    }
  }

  #answered(key: string, result: LookupResult, packets: readonly MissedPacket[]): void {
    if (typeof result === 'object') {
      this.#answers.found += 1;
      this.#found(result, packets);
      return;
    }
    this.#answers[result] += 1;
    // A store that is back may know it.
    if (result !== 'unavailable') this.#unknown.add(key, this.#parts.now());
    for (const packet of packets) this.#settler.add({ packet, flow: undefined });
  }

  #found(flow: FoundFlow, packets: readonly MissedPacket[]): void {
    const { replication, owner, onAdopted } = this.#parts;
    let isOwned = flow.owner === owner;
    for (const packet of packets) {
      this.#settler.add({ packet, flow: flow.image }, (settlement) => {
        if (settlement === 'adopted') onAdopted?.(flow.image);
        // Known by now: an answer came first, which does not make this node the owner, as clients' packets may go elsewhere.
        const isServedHere = settlement === 'adopted' || settlement === 'known';
        if (packet.direction !== 'client' || !isServedHere || isOwned) return;
        isOwned = true;
        this.#takenOver += 1;
        replication.takeOver(flow);
      });
    }
  }

  #takeWaiting(key: string): readonly MissedPacket[] {
    const packets = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    this.#waitingPackets -= packets.length;
    return packets;
  }
}
