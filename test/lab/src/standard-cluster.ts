import type { Link, Topology } from './topology.js';

/** A host of the cluster and its addresses, without prefix lengths. */
export interface ClusterHost {
  readonly name: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

/** How large the cluster is. */
export interface StandardClusterOptions {
  /** Default 3. */
  readonly nodes?: number;
  /** Default 3. */
  readonly backends?: number;
  /** MTU of the switch and its links, with room for the encapsulation of a 1500-byte packet. Default 1600. */
  readonly innerMtuBytes?: number;
  /** Another name than `standard-cluster`. */
  readonly name?: string;
}

/** A topology and who is who in it. */
export interface StandardCluster {
  readonly topology: Topology;
  readonly client: ClusterHost;
  /** Its addresses towards the switch, where nodes open their BGP sessions to. */
  readonly router: ClusterHost;
  readonly nodes: readonly ClusterHost[];
  readonly backends: readonly ClusterHost[];
  /** Addresses that no host has: for the nodes to announce. */
  readonly vip: { readonly ipv4: string; readonly ipv6: string };
  /** Interface of nodes and backends. */
  readonly interface: string;
}

const HOSTS_MAX = 10;

/**
 * One client, one router, nodes and backends on a switch:
 *
 * ```
 * client ---- 192.0.2.0/24, 2001:db8:c::/64 ---- router ---- lan: 10.0.0.0/24, fd00:10::/64
 *    .2                                        .1      .1      |
 *                                                              +-- node1 .11, node2 .12, ...
 *                                                              +-- backend1 .21, backend2 .22, ...
 * ```
 *
 * Everybody's default route is the router, so that backends answer clients without the nodes. The router has no route to
 * the VIPs until somebody announces them. The link to the client has an MTU of 1500.
 */
export function standardCluster(options: StandardClusterOptions = {}): StandardCluster {
  const { nodes: nodeCount = 3, backends: backendCount = 3, innerMtuBytes = 1600, name = 'standard-cluster' } = options;
  for (const [what, count] of Object.entries({ nodes: nodeCount, backends: backendCount })) {
    if (!Number.isInteger(count) || count < 0 || count > HOSTS_MAX) {
      throw new RangeError(`${what}: expected 0 to ${HOSTS_MAX}, found ${count}`);
    }
  }
  const client = { name: 'client', ipv4: '192.0.2.2', ipv6: '2001:db8:c::2' };
  const router = lanHost('router', 1);
  const nodes = Array.from({ length: nodeCount }, (_, index) => lanHost(`node${index + 1}`, 11 + index));
  const backends = Array.from({ length: backendCount }, (_, index) => lanHost(`backend${index + 1}`, 21 + index));
  const defaultRoutes = (ipv4: string, ipv6: string) => [
    { to: '0.0.0.0/0', via: ipv4 },
    { to: '::/0', via: ipv6 },
  ];
  const topology: Topology = {
    name,
    hosts: {
      client: { routes: defaultRoutes('192.0.2.1', '2001:db8:c::1') },
      router: { forwarding: true },
      ...Object.fromEntries(
        [...nodes, ...backends].map((host) => [host.name, { routes: defaultRoutes(router.ipv4, router.ipv6) }]),
      ),
    },
    switches: { lan: { mtuBytes: innerMtuBytes } },
    links: [
      {
        from: { host: 'client', addresses: [`${client.ipv4}/24`, `${client.ipv6}/64`] },
        to: { host: 'router', addresses: ['192.0.2.1/24', '2001:db8:c::1/64'] },
        mtuBytes: 1500,
      },
      ...[router, ...nodes, ...backends].map(toLan),
    ],
  };
  const vip = { ipv4: '198.51.100.10', ipv6: '2001:db8:100::10' };
  return { topology, client, router, nodes, backends, vip, interface: 'lan' };
}

function lanHost(name: string, number: number): ClusterHost {
  return { name, ipv4: `10.0.0.${number}`, ipv6: `fd00:10::${number}` };
}

function toLan({ name, ipv4, ipv6 }: ClusterHost): Link {
  return { from: { host: name, addresses: [`${ipv4}/24`, `${ipv6}/64`] }, to: { switch: 'lan' } };
}
