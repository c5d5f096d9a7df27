/** A BGP neighbour of a router. */
export interface RouterNeighbor {
  /** IPv4 or IPv6. */
  readonly address: string;
  readonly remoteAs: number;
  /** TCP MD5 signature key (RFC 2385). */
  readonly password?: string;
}

/** Neighbours that are not named one by one: whoever calls from a prefix. */
export interface RouterListenRange {
  /** In CIDR notation. */
  readonly prefix: string;
  readonly remoteAs: number;
}

/** What a router is to do. Both address families are exchanged over each session, whatever it runs over. */
export interface RouterOptions {
  readonly asn: number;
  /** Written as an IPv4 address. */
  readonly routerId: string;
  readonly neighbors?: readonly RouterNeighbor[];
  readonly listenRanges?: readonly RouterListenRange[];
  /** Default 1. */
  readonly keepaliveSeconds?: number;
  /** How long a silent neighbour is believed. Default 3. */
  readonly holdSeconds?: number;
  /** Keep the routes of a neighbour that restarts, when it asks for it (RFC 4724). Default false. */
  readonly gracefulRestart?: boolean;
  /** More lines for the `router bgp` section. */
  readonly extraLines?: readonly string[];
}

/** Next hops that one route may have; FRR of Debian is built for up to 256. */
const PATHS_MAX = 64;

/** The configuration of bgpd: https://docs.frrouting.org/en/stable-8.4/bgp.html */
export function frrConfiguration(hostname: string, options: RouterOptions): string {
  const { asn, routerId, neighbors = [], listenRanges = [], keepaliveSeconds = 1, holdSeconds = 30 } = options;
  const peers = [...neighbors.map(({ address }) => address), ...listenRanges.map((_, index) => `range${index}`)];
  const lines = [
    `hostname ${hostname}`,
    `router bgp ${asn}`,
    ` bgp router-id ${routerId}`,
    ' no bgp ebgp-requires-policy',
    ' no bgp default ipv4-unicast',
    ' bgp bestpath as-path multipath-relax',
    ...(options.gracefulRestart === true ? [' bgp graceful-restart'] : []),
    ` timers bgp ${keepaliveSeconds} ${holdSeconds}`,
    ...neighbors.flatMap(({ address, remoteAs, password }) => [
      ` neighbor ${address} remote-as ${remoteAs}`,
      ...(password === undefined ? [] : [` neighbor ${address} password ${password}`]),
      ...pace(address),
    ]),
    ...listenRanges.flatMap(({ prefix, remoteAs }, index) => [
      ` neighbor range${index} peer-group`,
      ` neighbor range${index} remote-as ${remoteAs}`,
      ...pace(`range${index}`),
      ` bgp listen range ${prefix} peer-group range${index}`,
    ]),
    ...(options.extraLines ?? []).map((line) => ` ${line}`),
    ...['ipv4', 'ipv6'].flatMap((family) => [
      ` address-family ${family} unicast`,
      `  maximum-paths ${PATHS_MAX}`,
      ...peers.map((peer) => `  neighbor ${peer} activate`),
      ' exit-address-family',
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

/** A lab waits for nobody: a refused connection is tried again after a second, and changes go out at once. */
function pace(peer: string): string[] {
  return [` neighbor ${peer} timers connect 1`, ` neighbor ${peer} advertisement-interval 0`];
}
