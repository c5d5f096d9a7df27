import type { Lab, LabHost } from '@weir/lab';

export const contenderNames = ['weir', 'nftables', 'nginx-stream', 'haproxy', 'direct'] as const;
export type ContenderName = (typeof contenderNames)[number];
export type Family = 'ipv4' | 'ipv6';
export const xdpModes = ['generic', 'native'] as const;
export type XdpMode = (typeof xdpModes)[number];

/** What is the same for all contenders. */
export interface Scale {
  readonly nodes: number;
  readonly backends: number;
  readonly family: Family;
  /** Worker processes, or threads, of a proxy on each node. */
  readonly workers: number;
  /**
   * How Weir's programs run, on nodes and backends. Native: the switch has an XDP program on each port, for all
   * contenders. Generic: on none, for nobody.
   */
  readonly xdp: XdpMode;
  /**
   * Whether, with native XDP, the switch of Weir's rivals goes without the XDP program that each port of Weir's has to have, as XDP_TX on a
   * veth pair asks for it. A real switch costs no CPU; this says how much of a lead is the lab's doing.
   */
  readonly plainSwitch: boolean;
  /** Whether answers pass as large packets wherever no program of Weir's forwards them; see offloadSegmentation(). */
  readonly offload: boolean;
}

/** A way from the client to the backends that is up. */
export interface Path extends AsyncDisposable {
  readonly lab: Lab;
  readonly client: LabHost;
  /** Where the balancer runs; none: nothing is between client and backend but the router. */
  readonly nodes: readonly LabHost[];
  readonly url: string;
  /** How it was set up, for whoever judges whether that was fair. */
  readonly setup: string;
}

/** Starts a contender in a lab of its own: an XDP program or a conntrack table of one would be in the way of another. */
export type Contender = (scale: Scale) => Promise<Path>;
