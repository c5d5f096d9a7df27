import { client, clientAccess, vip } from './client-access.js';
import { assertHostCounts, defaultRoutes, withPrefixLengths } from './cluster-addresses.js';
import type { Link, Topology } from './topology.js';

/** A host of the cluster and its addresses, without prefix lengths. */
export interface ClusterHost {
  readonly name: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

/** A node of the cluster. */
export interface ClusterNode extends ClusterHost {
  /** One of each family, of no interface, in the backends' network or routed to it: where its fullnat packets come from. */
  readonly localAddresses: readonly string[];
}

/** How large the cluster is. */
export interface StandardClusterOptions {
  /** Default 3. */
  readonly nodes?: number;
  /** Default 3. */
  readonly backends?: number;
  /** MTU of the switch and its links, with room for the encapsulation of a 1500-byte packet. Default 1600. */
  readonly innerMtuBytes?: number;
  /** MTU of one more hop, `gateway`, between client and router. Default: there is none, and all packets of 1500 bytes fit. */
  readonly narrowMtuBytes?: number;
  /** Whether there is a host `redis`, for what nodes share. */
  readonly redis?: boolean;
  /** Whether there is a host `etcd`, for what nodes are told. */
  readonly etcd?: boolean;
  /** Local addresses are in networks of no link, `10.2.N.1` and `fd00:12:N::1`: only routes lead to them. */
  readonly routedPools?: boolean;
  /** Another name than `standard-cluster`. */
  readonly name?: string;
}

/** A topology and who is who in it. */
export interface StandardCluster {
  readonly topology: Topology;
  readonly client: ClusterHost;
  /** Its addresses towards the switch, where nodes open their BGP sessions to. */
  readonly router: ClusterHost;
  readonly nodes: readonly ClusterNode[];
  readonly backends: readonly ClusterHost[];
  /** Where Redis runs, if the cluster was asked for it. */
  readonly redis?: ClusterHost;
  /** Where etcd runs, if the cluster was asked for it. */
  readonly etcd?: ClusterHost;
  /** Addresses that no host has: for the nodes to announce. */
  readonly vip: { readonly ipv4: string; readonly ipv6: string };
  /** Interface of the backends. */
  readonly interface: string;
  /** Interfaces of the nodes. */
  readonly nodeInterfaces: readonly string[];
}

/** Else a backend would send answers straight to the node that a local address was at, minutes after that has died. */
const NO_REDIRECTS = { 'net.ipv4.conf.all.send_redirects': 0, 'net.ipv4.conf.default.send_redirects': 0 };

/**
 * One client, one router, nodes and backends on a switch:
 *
 * ```
 * client ---- 192.0.2.0/24, 2001:db8:c::/64 ---- router ---- lan: 10.0.0.0/24, fd00:10::/64
 *    .2                                        .1      .1      |
 *                                                              +-- node1 .11, node2 .12, ...
 *                                                              +-- backend1 .21, backend2 .22, ...
 *                                                              +-- redis .5, etcd .6, where they are asked for
 * ```
 *
 * Everybody's default route is the router, so that backends answer clients without the nodes. The router has no route to
 * the VIPs until somebody announces them. The link to the client has an MTU of 1500. A `gateway` sits in the middle of it where `narrowMtuBytes` asks for one.
 */
export function standardCluster(options: StandardClusterOptions = {}): StandardCluster {
  const {
    nodes: nodeCount = 3,
    backends: backendCount = 3,
    innerMtuBytes = 1600,
    narrowMtuBytes,
    name = 'standard-cluster',
  } = options;
  assertHostCounts({ nodes: nodeCount, backends: backendCount });
  const router = lanHost('router', 1);
  const nodes = Array.from({ length: nodeCount }, (_, index) => ({
    ...lanHost(`node${index + 1}`, 11 + index),
    localAddresses: options.routedPools
      ? [`10.2.${index + 1}.1`, `fd00:12:${index + 1}::1`]
      : [`10.0.0.${111 + index}`, `fd00:10::${111 + index}`],
  }));
  const backends = Array.from({ length: backendCount }, (_, index) => lanHost(`backend${index + 1}`, 21 + index));
  const redis = options.redis ? [lanHost('redis', 5)] : [];
  const etcd = options.etcd ? [lanHost('etcd', 6)] : [];
  const hosts = [...nodes, ...backends, ...redis, ...etcd];
  const access = clientAccess(narrowMtuBytes);
  const topology: Topology = {
    name,
    hosts: {
      ...access.hosts,
      ...(options.routedPools ? { router: { ...access.hosts.router, sysctls: NO_REDIRECTS } } : {}),
      ...Object.fromEntries(hosts.map(({ name }) => [name, { routes: defaultRoutes(router) }])),
    },
    switches: { lan: { mtuBytes: innerMtuBytes } },
    links: [...access.links, ...[router, ...hosts].map(toLan)],
  };
  const stores = {
    ...(redis[0] === undefined ? {} : { redis: redis[0] }),
    ...(etcd[0] === undefined ? {} : { etcd: etcd[0] }),
  };
  return { topology, client, router, nodes, backends, ...stores, vip, interface: 'lan', nodeInterfaces: ['lan'] };
}

function lanHost(name: string, number: number): ClusterHost {
  return { name, ipv4: `10.0.0.${number}`, ipv6: `fd00:10::${number}` };
}

function toLan({ name, ipv4, ipv6 }: ClusterHost): Link {
  return { from: { host: name, addresses: withPrefixLengths([ipv4, ipv6]) }, to: { switch: 'lan' } };
}
