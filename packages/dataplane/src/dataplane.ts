import type { DropReason } from './drop-reason.js';
import type { XdpAttachment } from './libbpf/xdp-link.js';

/** How packets travel from the node to a backend. `port` is GUE's UDP destination port. */
export type Encapsulation = { readonly method: 'ipip' } | { readonly method: 'gue'; readonly port: number };

/** What a packet is matched by. */
export interface ServiceKey {
  /** IPv4 or IPv6 address, text. */
  readonly vip: string;
  readonly protocol: 'tcp' | 'udp';
  /** 1 to 65535; 0: all ports that no other service of this VIP and protocol has. */
  readonly port: number;
}

export interface ForwardingBackend {
  /** IPv4 or IPv6 address, text; of either family, whatever the VIP's. */
  readonly address: string;
}

/** A service as the data plane sees it: where packets come in, and the table that says where they go. */
export interface ForwardingService extends ServiceKey {
  readonly encapsulation: Encapsulation;
  /** No two of the same address. */
  readonly backends: readonly ForwardingBackend[];
  /** Row to an index in `backends`; empty: packets are dropped as `no_backend`. */
  readonly rows: ArrayLike<number>;
}

/** All that a data plane should do: what is not in here, it stops doing. */
export interface ForwardingTables {
  readonly services: readonly ForwardingService[];
  /** Source of encapsulated packets, by family of the backend's address. */
  readonly sources: { readonly ipv4?: string | undefined; readonly ipv6?: string | undefined };
  /** Seed of the flow hash, 64 bits; the same on all nodes of a cluster. */
  readonly hashSeed: bigint;
}

/** What an {@link Dataplane.apply} had to change; all zero when the tables were in force already. */
export interface AppliedChanges {
  readonly servicesAdded: number;
  readonly servicesRemoved: number;
  readonly backendsAdded: number;
  readonly backendsRemoved: number;
  /** Rows that point elsewhere than before, of services that were there before. */
  readonly rowsMoved: number;
  /** Rows stored: fewer than a whole table where the spare one was close to what is wanted. */
  readonly rowsWritten: number;
}

export interface TrafficCount {
  readonly packets: number;
  /** Of IP packets as clients sent them, without outer headers. */
  readonly bytes: number;
}

export interface ServiceCount extends TrafficCount, ServiceKey {
  readonly backends: readonly (TrafficCount & { readonly address: string })[];
}

/** Since the tables were made, restarts of the daemon included. */
export interface Counters {
  /** Includes what backends that are gone had counted. */
  readonly services: readonly ServiceCount[];
  readonly drops: Readonly<Record<DropReason, number>>;
}

/**
 * Forwards packets as tables say. Callers state what should be; the difference is the data plane's business. A service
 * changes from one table to the next between two packets, never in the middle of one.
 */
export interface Dataplane extends AsyncDisposable {
  /**
   * Puts tables in force, whole or not at all; then takes care that packets arrive here.
   * @throws {DataplaneError} TABLES_INVALID, TABLES_TOO_LARGE: nothing was changed; INTERFACE_MISSING, XDP_BUSY,
   *   XDP_ATTACH_REFUSED: the tables are in force, the interface is not served
   */
  apply(tables: ForwardingTables): Promise<AppliedChanges>;
  counters(): Promise<Counters>;
  /** The interfaces that are served now. */
  attachments(): readonly XdpAttachment[];
}
