/** What makes a data plane tell of its flows, and ask about those that it does not know. */
export interface Sharing {
  /** A flow is told once it is so old and in use; rounded up to whole ticks. */
  readonly tellAfterMs: number;
  /**
   * Packets of unknown flows that are handed up in a second, at most; 0: none. Beyond them, stateless methods go on by
   * hash, and packets of nat and fullnat are dropped as `takeover_rate`.
   */
  readonly takeoversPerSecond: number;
  /** Whether datagrams of unknown flows are handed up, too: nobody can tell them from the first ones of new flows. */
  readonly datagrams: boolean;
  /** fullnat: local addresses of all nodes, of either family: an unknown packet to one of them is an answer. */
  readonly localAddresses: readonly string[];
}

/** A packet of a flow that this node does not know, and that may not begin one. */
export interface MissedPacket {
  /**
   * By the client: its image has family, protocol, client, VIP and service. An answer: family, protocol, backend, and in
   * `local` whom it is to: a local address (fullnat) or the client (nat); its service is 0.
   */
  readonly direction: 'client' | 'answer';
  /** @see FLOW_IMAGE_BYTES */
  readonly image: Uint8Array;
  /** As it arrived, Ethernet header included; an outer header of another node is off. */
  readonly frame: Uint8Array;
  /** Where it arrived. */
  readonly ifindex: number;
  /** It came from another node, in an outer header. */
  readonly handedOver: boolean;
}

/** What happened since the last {@link FlowSharing.take}. */
export interface FlowEvents {
  /** Images of flows that are long-lived, one after another: told for the first time, or for the first time by this process. */
  readonly told: Uint8Array;
  /** Images of flows that were told before and are still in use. */
  readonly refreshed: Uint8Array;
  /** Images of flows that were told and are over. */
  readonly ended: Uint8Array;
  readonly missed: readonly MissedPacket[];
}

/** A missed packet, and what was found about its flow. */
export interface SettledPacket {
  readonly packet: MissedPacket;
  /** Undefined: nobody knows it. */
  readonly flow: Uint8Array | undefined;
}

/**
 * What became of a flow: `adopted`: known from now on; `known`: it was by now; `no_backend`: its service or backend is
 * not here any more; `no_room`: the flow table has no place; `unknown`: {@link SettledPacket.flow} said so.
 */
export type Settlement = 'adopted' | 'known' | 'no_backend' | 'no_room' | 'unknown';

export interface SharingCounts {
  /** Events, first ones and later ones. */
  readonly told: number;
  readonly ended: number;
  /** Packets. */
  readonly missed: number;
  /** Packets over the rate, whatever became of them. */
  readonly overRate: number;
  /** Events and packets that found no room on their way to this process. */
  readonly lost: number;
  /** Flows. */
  readonly adopted: number;
}

/** Flows that this node shares with others. All calls but {@link wait} are synchronous and short. */
export interface FlowSharing {
  take(): FlowEvents;
  /** Resolves when {@link take} has something, or when the signal is aborted. */
  wait(signal: AbortSignal): Promise<void>;
  /**
   * Remembers flows and decides about their packets again, as if they arrived now; those of unknown flows without asking
   * once more. Several packets of one flow may be in one call.
   */
  settle(packets: readonly SettledPacket[]): readonly Settlement[];
  /** Another node serves these flows now: what is known of them here is forgotten, without an end being told. */
  forget(images: Uint8Array): void;
  /** Images of the flows that were told and are not over, in pieces; what changes meanwhile may or may not be among them. */
  told(): Iterable<Uint8Array>;
  counts(): SharingCounts;
}
