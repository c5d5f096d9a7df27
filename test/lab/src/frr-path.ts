import type { FrrRouter } from './frr-router.js';

/** A path to a prefix as bgpd has it, of one neighbour. */
export interface RouterPath {
  /** The neighbour that it is from. */
  readonly peer: string;
  /** AS numbers, the nearest first; empty within the AS. */
  readonly asPath: string;
  /** Attributes are left out where the path has none. */
  readonly med?: number;
  readonly localPreference?: number;
  /** As FRR writes them: `64512:100`, `graceful-shutdown`, `no-export`. */
  readonly communities: readonly string[];
  /** Those that bgpd uses. */
  readonly nextHops: readonly string[];
  /** Kept for a neighbour that restarts (RFC 4724). */
  readonly stale: boolean;
}

/** All paths to a prefix that a router has learned, in bgpd's order. */
export async function bgpPaths(router: FrrRouter, prefix: string): Promise<readonly RouterPath[]> {
  const family = prefix.includes(':') ? 'ipv6' : 'ipv4';
  const answer = JSON.parse(await router.vtysh(`show bgp ${family} unicast ${prefix} json`)) as { paths?: FrrPath[] };
  return (answer.paths ?? []).map(pathOf);
}

/** What vtysh's JSON has of a path, as far as it is used. */
interface FrrPath {
  readonly aspath: { readonly string: string };
  readonly metric?: number;
  readonly locPrf?: number;
  readonly community?: { readonly string: string };
  readonly nexthops: readonly { readonly ip: string; readonly used?: boolean }[];
  readonly stale?: boolean;
  readonly peer: { readonly peerId: string };
}

function pathOf({ aspath, metric, locPrf, community, nexthops, stale, peer }: FrrPath): RouterPath {
  return {
    peer: peer.peerId,
    // FRR's word for the empty path of its own AS.
    asPath: aspath.string === 'Local' ? '' : aspath.string,
    ...(metric === undefined ? {} : { med: metric }),
    ...(locPrf === undefined ? {} : { localPreference: locPrf }),
    communities: community?.string.split(' ') ?? [],
    nextHops: [...new Set(nexthops.filter(({ used }) => used).map(({ ip }) => ip))],
    stale: stale === true,
  };
}
