import { client, clientAccess, vip } from './client-access.js';
import { assertHostCounts, defaultRoutes, withPrefixLengths } from './cluster-addresses.js';
import type { ClusterHost, StandardCluster } from './standard-cluster.js';
import type { HostEnd, Topology } from './topology.js';

export interface TwoArmClusterOptions {
  /** Default 1. */
  readonly nodes?: number;
  /** Default 2. */
  readonly backends?: number;
  /** Both sides on one switch, as VLANs 10 and 20 of the nodes' interface `trunk`. Default: a switch and an interface each. */
  readonly tagged?: boolean;
  /** MTU of the backends' network. Default 1500, which leaves no room for outer headers. */
  readonly innerMtuBytes?: number;
  /** See `StandardClusterOptions`. */
  readonly narrowMtuBytes?: number;
  /** Whether there is a host `redis` at the front, for what nodes share. */
  readonly redis?: boolean;
}

const CLIENT_MTU_BYTES = 1500;

type Side = 'front' | 'back';

const vlanOf = { front: 10, back: 20 } as const;

/**
 * Nodes between two networks. The backends' default route is node1, as nat wants it.
 *
 * ```
 * client ---- router ---- front: 10.0.0.0/24, fd00:10::/64 ---- node1 ---- back: 10.1.0.0/24, fd00:11::/64 ---- backend1 .21
 *    .2     .1      .1                                        .11    .11                                        backend2 .22
 * ```
 *
 * The router reaches the backends by node1, so that a client can do without the nodes' services.
 */
export function twoArmCluster(options: TwoArmClusterOptions = {}): StandardCluster {
  const { nodes: nodeCount = 1, backends: backendCount = 2, tagged = false, narrowMtuBytes } = options;
  const back = options.innerMtuBytes === undefined ? {} : { mtuBytes: options.innerMtuBytes };
  assertHostCounts({ nodes: nodeCount, backends: backendCount });
  const router = hostOn('front', 'router', 1);
  const nodes = Array.from({ length: nodeCount }, (_, index) => ({
    ...hostOn('front', `node${index + 1}`, 11 + index),
    localAddresses: [`10.1.0.${111 + index}`, `fd00:11::${111 + index}`],
  }));
  const backSides = nodes.map(({ name }, index) => hostOn('back', name, 11 + index));
  const backends = Array.from({ length: backendCount }, (_, index) =>
    hostOn('back', `backend${index + 1}`, 21 + index),
  );
  const redis = options.redis ? [hostOn('front', 'redis', 5)] : [];
  const gateway = hostOn('back', 'node1', 11);
  // On a node the VIP is unreachable, so that its kernel can't tell a backend what was too big of the VIP's answers.
  const routesOfBackend = defaultRoutes(gateway).map((route) => ({ ...route, mtuBytes: CLIENT_MTU_BYTES }));
  const access = clientAccess(narrowMtuBytes);
  const backRoutes = [
    { to: '10.1.0.0/24', via: hostOn('front', 'node1', 11).ipv4 },
    { to: 'fd00:11::/64', via: hostOn('front', 'node1', 11).ipv6 },
  ];
  const { router: routerOfClient, ...accessHosts } = access.hosts;
  const topology: Topology = {
    name: tagged ? 'tagged-cluster' : 'two-arm-cluster',
    hosts: {
      ...accessHosts,
      router: { ...routerOfClient, routes: [...(routerOfClient?.routes ?? []), ...(nodeCount > 0 ? backRoutes : [])] },
      ...Object.fromEntries(nodes.map(({ name }) => [name, { forwarding: true, routes: defaultRoutes(router) }])),
      ...Object.fromEntries(backends.map(({ name }) => [name, { routes: routesOfBackend }])),
      ...Object.fromEntries(redis.map(({ name }) => [name, { routes: defaultRoutes(router) }])),
    },
    switches: tagged ? { trunk: back } : { front: {}, back },
    links: [
      ...access.links,
      ...[...new Set([router, ...nodes, ...backends, ...redis].map(({ name }) => name))].flatMap((name) => {
        const addresses = {
          front: [router, ...nodes, ...redis].filter((host) => host.name === name).flatMap(addressesOf),
          back: [...backSides, ...backends].filter((host) => host.name === name).flatMap(addressesOf),
        };
        return cables(name, addresses, tagged).map(({ end, to }) => ({ from: end, to: { switch: to } }));
      }),
    ],
  };
  return {
    topology,
    client,
    router,
    nodes,
    backends,
    ...(redis[0] === undefined ? {} : { redis: redis[0] }),
    vip,
    interface: tagged ? `trunk.${vlanOf.back}` : 'back',
    nodeInterfaces: tagged ? ['trunk'] : ['front', 'back'],
  };
}

function hostOn(side: Side, name: string, number: number): ClusterHost {
  return side === 'front'
    ? { name, ipv4: `10.0.0.${number}`, ipv6: `fd00:10::${number}` }
    : { name, ipv4: `10.1.0.${number}`, ipv6: `fd00:11::${number}` };
}

function addressesOf({ ipv4, ipv6 }: ClusterHost): string[] {
  return [ipv4, ipv6];
}

/** A cable for each side that a host has addresses on, or one for all of them. */
function cables(
  host: string,
  addresses: Readonly<Record<Side, readonly string[]>>,
  tagged: boolean,
): { readonly end: HostEnd; readonly to: string }[] {
  const sides = (['front', 'back'] as const).filter((side) => addresses[side].length > 0);
  if (!tagged) {
    return sides.map((side) => ({ end: { host, addresses: withPrefixLengths(addresses[side]) }, to: side }));
  }
  const vlans = sides.map((side) => ({ id: vlanOf[side], addresses: withPrefixLengths(addresses[side]) }));
  return [{ end: { host, vlans }, to: 'trunk' }];
}
