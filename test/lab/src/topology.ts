/**
 * A network as data. Hosts and switches become network namespaces, links become veth pairs between them.
 *
 * ```ts
 * const topology: Topology = {
 *   name: 'pair',
 *   hosts: { left: {}, right: {} },
 *   switches: { lan: { mtuBytes: 1600 } },
 *   links: [
 *     { from: { host: 'left', addresses: ['10.0.0.1/24', 'fd00::1/64'] }, to: { switch: 'lan' } },
 *     { from: { host: 'right', addresses: ['10.0.0.2/24', 'fd00::2/64'] }, to: { switch: 'lan' } },
 *   ],
 * };
 * ```
 */
export interface Topology {
  /** For messages and logs only. */
  readonly name: string;
  readonly hosts: Readonly<Record<string, Host>>;
  readonly switches?: Readonly<Record<string, Switch>>;
  readonly links: readonly Link[];
}

/** A machine: a network namespace with a loopback interface. */
export interface Host {
  /** Forwards IPv4 and IPv6, and spreads flows over the next hops of a route by addresses and ports. Default false. */
  readonly forwarding?: boolean;
  /** Addresses on `lo`, in CIDR notation. */
  readonly loopbackAddresses?: readonly string[];
  readonly routes?: readonly Route[];
  /** Kernel settings of this namespace, by dotted name: `{ 'net.ipv4.tcp_syncookies': 0 }`. They win over the lab's own. */
  readonly sysctls?: Readonly<Record<string, string | number>>;
}

/** A bridge in a namespace of its own. It forwards at once (no spanning tree) and floods multicast (no snooping). */
export interface Switch {
  /** MTU of the bridge and of both ends of each link to it. Default 1500. */
  readonly mtuBytes?: number;
}

/** A cable. */
export interface Link {
  readonly from: HostEnd;
  readonly to: HostEnd | SwitchEnd;
  /** MTU of both ends. Default: that of the switch, else 1500. */
  readonly mtuBytes?: number;
}

/** An end of a link in a host. */
export interface HostEnd {
  readonly host: string;
  /** Name of the interface, at most 15 bytes. Default: the name of what is at the other end. */
  readonly interface?: string;
  /** In CIDR notation, IPv4 and IPv6. */
  readonly addresses?: readonly string[];
  /** Sub-interfaces for frames with a tag of 802.1Q; a switch passes those as they are. */
  readonly vlans?: readonly Vlan[];
  /**
   * Whether this end carries an XDP program that passes everything, as an end must whose far end sends by XDP_TX or
   * redirects to it. An end with it cannot take another program. Default: false on hosts; true on ports of switches.
   */
  readonly passProgram?: boolean;
}

/** A sub-interface of a host for the frames of one VLAN, called `INTERFACE.ID`. */
export interface Vlan {
  /** 1 to 4094. */
  readonly id: number;
  /** In CIDR notation. */
  readonly addresses: readonly string[];
}

/** An end of a link in a switch; the port is named after the host. */
export interface SwitchEnd {
  readonly switch: string;
  /** See {@link HostEnd.passProgram}. */
  readonly passProgram?: boolean;
}

/** A static route. Several next hops share the flows. */
export interface Route {
  /** A prefix in CIDR notation, or `default`: of the family of the next hops. */
  readonly to: string;
  readonly via: string | readonly string[];
  /** Of the path behind the next hop, where it is known to be less than the link's. */
  readonly mtuBytes?: number;
}
