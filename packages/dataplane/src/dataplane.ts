import type { DropReason } from './drop-reason.js';
import type { FlowSharing, Sharing } from './flow-sharing.js';
import type { FlowTableView } from './flow-table-view.js';
import type { ForwardingMethod } from './forwarding-method.js';
import type { XdpMode } from './libbpf/xdp-link.js';
import type { Owners } from './owners.js';
import type { CaptureFilter, CaptureLimits, PacketCapture } from './packet-capture.js';
import type { PacketTrace } from './packet-trace.js';
import type { Scheduling } from './scheduling.js';
import type { TransportProtocol } from './transport-protocol.js';

export type { TransportProtocol };

/** An inclusive range of ports; a single port is one of one. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** What a packet is matched by: an exact port first, then ranges, then all ports. */
export interface ServiceKey {
  /** IPv4 or IPv6 address, text. */
  readonly vip: string;
  readonly protocol: TransportProtocol;
  /** 1 to 65535, or a range of them; 0: all ports that no other service of this VIP and protocol has. ESP and AH: 0. */
  readonly port: number | PortRange;
}

export interface ForwardingBackend {
  /** IPv4 or IPv6 address, text. Tunnels cross families; nat, fullnat and dr want the VIP's. */
  readonly address: string;
  /** nat and fullnat: the destination port becomes this; 0 or absent: it stays. */
  readonly port?: number;
  /** What least connections are divided by; rows carry the weights of the other schedulers. Default 1. */
  readonly weight?: number;
  /** From so many connections on it takes no new flows, until it has fewer than `lowerConnections`. 0: no limit. */
  readonly upperConnections?: number;
  /** Default: three quarters of `upperConnections`, as IPVS. */
  readonly lowerConnections?: number;
}

/** Clients of one network go to one backend. @see ipvsadm(8), --persistent */
export interface Persistence {
  /** Since the last new flow of that client network. */
  readonly timeoutMs: number;
  /** Bits of the client's address that count, 1 to 32. */
  readonly prefix4: number;
  /** 1 to 128. */
  readonly prefix6: number;
}

/** A service as the data plane sees it: where packets come in, and the table that says where they go. */
export interface ForwardingService {
  /** At least one; all share backends, rows and flows (what fwmark groups are for). The first one names the service. */
  readonly listeners: readonly ServiceKey[];
  readonly forwarding: ForwardingMethod;
  readonly scheduling: Scheduling;
  /** No two of the same address and port. One that no row has keeps the flows that it has. */
  readonly backends: readonly ForwardingBackend[];
  /**
   * Row to an index in `backends`; empty: new flows are dropped as `no_backend`. Of `choices`: the choices of row 0, those
   * of row 1 and so on, no backend twice in a row.
   */
  readonly rows: ArrayLike<number>;
  /** Row numbers whose flows are remembered, although the rows alone could say: a membership change (has) moved them. */
  readonly keptRows?: ArrayLike<number>;
  readonly persistence?: Persistence;
  /** Largest MSS that a SYN may ask for, in bytes; 0 or absent: as the client asks. */
  readonly mssClamp?: number;
  /** Whether backends answer SYNs is counted: {@link BackendCount.attempts}. */
  readonly watched?: boolean;
}

/**
 * After how long without a packet a flow is forgotten, in ms. @see ipvsadm(8), --set
 */
export interface FlowTimeouts {
  readonly tcpSynMs: number;
  readonly tcpEstablishedMs: number;
  /** After the first FIN. */
  readonly tcpFinMs: number;
  /** After both FINs, or a RST. */
  readonly tcpCloseMs: number;
  readonly udpMs: number;
  /** SCTP, ESP, AH. */
  readonly otherMs: number;
  /** From the first fragment of a packet to its last. */
  readonly fragmentMs: number;
}

/** Ports of local addresses that fullnat may use. */
export const allLocalPorts: PortRange = { first: 1024, last: 65_535 };

export const defaultFlowTimeouts: FlowTimeouts = {
  tcpSynMs: 60_000,
  tcpEstablishedMs: 900_000,
  tcpFinMs: 120_000,
  tcpCloseMs: 10_000,
  udpMs: 300_000,
  otherMs: 300_000,
  fragmentMs: 15_000,
};

/** What keeps floods and unwanted sources from the services. */
export interface Guard {
  /** Networks as CIDR text; where several hold an address, the longest one decides. */
  readonly deny: readonly string[];
  readonly allow: readonly string[];
  /** New flows a second on this node, beyond which none is remembered; 0: no limit. */
  readonly newFlowsPerSecond: number;
  /** New flows a second of one source (IPv4 /32, IPv6 /64), beyond which they are dropped; 0: no limit. */
  readonly newFlowsPerSource: number;
}

/** All that a data plane should do: what is not in here, it stops doing. */
export interface ForwardingTables {
  readonly services: readonly ForwardingService[];
  /** Source of encapsulated packets, by family of the backend's address. */
  readonly sources: { readonly ipv4?: string | undefined; readonly ipv6?: string | undefined };
  /** fullnat: addresses of this node alone, of either family, that its packets to backends come from. */
  readonly localAddresses?: readonly string[];
  /** Seed of the flow hash, 64 bits; the same on all nodes of a cluster. */
  readonly hashSeed: bigint;
  /** Default {@link defaultFlowTimeouts}. */
  readonly timeouts?: FlowTimeouts;
  readonly guard?: Guard;
  /** fullnat: ports that new flows take, of each local address, within {@link allLocalPorts}. Default: all of them. */
  readonly localPorts?: PortRange;
  /** Absent: this node alone has the state of all flows that reach it. */
  readonly owners?: Owners;
  /** Absent: nobody is told of flows, and nobody asked. */
  readonly sharing?: Sharing;
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

/** What became of TCP connections that clients tried to open, as far as one sees it on their way. */
export interface ConnectionAttempts {
  /** Each counted once, however often its SYN came. */
  readonly tried: number;
  /** Those of them whose SYN came again, because nobody had answered it. */
  readonly unanswered: number;
  /** nat and fullnat: those that the backend answered with RST. */
  readonly refused: number;
}

export interface BackendCount extends TrafficCount {
  readonly address: string;
  /** As in {@link ForwardingBackend.port}; 0: the packet's. */
  readonly port: number;
  /** TCP: established; other protocols: all that are remembered. Only flows that are remembered are counted. */
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  /** Of a service that is {@link ForwardingService.watched}. */
  readonly attempts?: ConnectionAttempts;
  /** That this node began to remember, those of other nodes that it went on with among them. */
  readonly newFlows: number;
}

export interface HandoverCount extends TrafficCount {
  /** The node's. */
  readonly address: string;
}

export interface ServiceCount extends TrafficCount, ServiceKey {
  readonly newFlows: number;
  readonly backends: readonly BackendCount[];
}

/** Since the tables were made, restarts of the daemon included. */
export interface Counters {
  /** Under its first listener. Includes what backends that are gone had counted. */
  readonly services: readonly ServiceCount[];
  /** Packets that were handed over to other nodes, which may have their flows. */
  readonly handovers: readonly HandoverCount[];
  readonly drops: Readonly<Record<DropReason, number>>;
}

/** How full the table of remembered flows is. Places, not flows: a persistent client takes one, too. */
export interface FlowTableFill extends TableFill {
  /** The table of answers: a flow of nat or fullnat takes a place of it besides. */
  readonly answers: TableFill;
}

export interface TableFill {
  readonly taken: number;
  readonly places: number;
}

/** An interface whose packets are forwarded. */
export interface Attachment {
  readonly interface: string;
  /** How XDP runs there; `portable`: not at all. */
  readonly mode: XdpMode | 'portable';
  /** True when a former life had left it served, and forwarding went on meanwhile. */
  readonly adopted: boolean;
  /** Set when generic mode was not the first choice: the errno that native mode was refused with. */
  readonly nativeRefusedWith?: string;
}

/** A next hop whose MAC address the kernel does not know: packets to it are dropped as `no_neighbour`. */
export interface UnresolvedHop {
  readonly address: string;
  readonly ifindex: number;
}

/** A service's table as it is in force, however it came to be: also what a former life of this process wrote. */
export interface TableInForce {
  readonly listeners: readonly ServiceKey[];
  readonly backends: readonly { readonly address: string; readonly port: number }[];
  /** Row to an index in `backends`; -1: nowhere. Of `choices`: rows.length / 65,536 places for each row. */
  readonly rows: Int32Array;
  /** Ascending. */
  readonly keptRows: readonly number[];
}

/**
 * Forwards packets as tables say. Callers state what should be; the difference is the data plane's business. A service
 * changes from one table to the next between two packets, never in the middle of one.
 */
export interface Dataplane extends AsyncDisposable {
  /**
   * Puts tables in force, whole or not at all; then takes care that packets arrive here.
   * @throws {DataplaneError} TABLES_INVALID, TABLES_TOO_LARGE: nothing was changed; DATAPLANE_CLOSED: as with any other
   *   method, after disposal; INTERFACE_MISSING, XDP_BUSY,
   *   XDP_ATTACH_REFUSED: the tables are in force, the interface is not served
   */
  apply(tables: ForwardingTables): Promise<AppliedChanges>;
  counters(): Promise<Counters>;
  /** Of a large table an estimate, from a sample of its places. */
  flowTableFill(): FlowTableFill;
  /**
   * Rows that still keep flows which the row alone would send elsewhere: those of kept rows that a packet was seen of
   * since the last call. By service, under the text of its first listener as errors show it ("198.51.100.1:443/tcp").
   */
  takeNeededRows(): ReadonlyMap<string, readonly number[]>;
  /** Next hops that packets could not be sent to since the last call; who makes the kernel ask for them, mends it. */
  takeUnresolved(): readonly UnresolvedHop[];
  /** By service, as in {@link takeNeededRows}. */
  tablesInForce(): ReadonlyMap<string, TableInForce>;
  /**
   * Flows that other nodes may go on with, and theirs that this one may.
   * @throws {DataplaneError} TABLES_INVALID: the data plane was opened without it
   */
  readonly sharing: FlowSharing;
  /**
   * What would happen to a frame that arrived now, and why. Nothing changes by it: no flow, counter, rate or queue, and nothing is
   * sent.
   *
   * @param frame  from the Ethernet header on; see syntheticFrame()
   * @param ingressInterface  where it would arrive
   * @throws {DataplaneError} TRACE_REFUSED: a frame of that length can't be traced; INTERFACE_MISSING
   */
  trace(frame: Uint8Array, ingressInterface: string): Promise<PacketTrace>;
  /**
   * Packets as they arrive, with what becomes of them, until the signal is aborted or the caller takes no more: forwarding
   * pays for it only so long. One capture at a time.
   *
   * @throws {DataplaneError} CAPTURE_REFUSED: another one is under way, or the filter makes no sense
   */
  capture(filter: CaptureFilter, limits: CaptureLimits, signal: AbortSignal): Promise<PacketCapture>;
  /** The flows that are remembered. */
  readonly flowTable: FlowTableView;
  /** The interfaces that are served now. */
  attachments(): readonly Attachment[];
}
