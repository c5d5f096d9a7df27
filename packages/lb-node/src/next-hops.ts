import { ipBatch, ipJson } from './ip-command.js';
import { families, WEIR_PROTOCOL } from './route-protocol.js';

/** What `ip -json route get` says of one address. */
interface RouteAnswer {
  readonly dst: string;
  readonly gateway?: string;
  readonly via?: { readonly host: string };
  readonly dev: string;
  readonly prefsrc?: string;
}

/** What `ip -json route show default` says of one route. */
interface DefaultRouteAnswer extends Hop {
  readonly nexthops?: readonly Hop[];
}

interface Hop {
  readonly gateway?: string;
  readonly via?: { readonly host: string };
  readonly dev?: string;
}

/** What `ip -json neigh show` says of a neighbour. */
export interface Neighbour {
  readonly dst: string;
  readonly dev: string;
  readonly managed?: null;
  readonly protocol?: string;
  readonly state: readonly string[];
}

/** How the kernel would reach an address. */
export interface Route {
  /** The neighbour that packets are handed to: a gateway, or the address itself. */
  readonly neighbour: string;
  readonly interface: string;
  /** The kernel's choice of source address. */
  readonly source?: string;
}

/** States in which the kernel knows a MAC address (NUD_VALID, linux/neighbour.h). */
const RESOLVED = new Set(['REACHABLE', 'STALE', 'DELAY', 'PROBE', 'PERMANENT', 'NOARP']);

/** Routes to addresses, in canonical text; one without a route is missing. */
export async function routesTo(addresses: readonly string[]): Promise<ReadonlyMap<string, Route>> {
  const routes = new Map<string, Route>();
  for (const answer of await ipBatch<RouteAnswer>(addresses.map((address) => `route get ${address}`))) {
    routes.set(answer.dst, {
      neighbour: answer.gateway ?? answer.via?.host ?? answer.dst,
      interface: answer.dev,
      ...(answer.prefsrc === undefined ? {} : { source: answer.prefsrc }),
    });
  }
  return routes;
}

/** The routers that the default routes of both families lead to: most clients are behind one of them. */
export async function defaultRouters(): Promise<ReadonlyMap<string, Route>> {
  const answers = await Promise.all(
    families.map((family) => ipJson<DefaultRouteAnswer>([family, 'route', 'show', 'default'])),
  );
  const hops = answers.flat().flatMap((answer): readonly Hop[] => answer.nexthops ?? [answer]);
  return new Map(
    hops.flatMap(({ gateway, via, dev }) => {
      const neighbour = gateway ?? via?.host;
      if (neighbour === undefined || dev === undefined) return [];
      return [[neighbour, { neighbour, interface: dev }]];
    }),
  );
}

/** All that the kernel knows, in both families. */
export function knownNeighbours(): Promise<readonly Neighbour[]> {
  return ipJson<Neighbour>(['neigh', 'show']);
}

/**
 * Lets the kernel keep the neighbours of these routes resolved ("managed" neighbours, Linux 5.16), since a packet that
 * XDP forwards does not make it ask, and lets go of those that no route leads to any more. Says which of the routes have
 * a resolved neighbour now.
 *
 * @param neighbours  what {@link knownNeighbours} said a moment ago; default: it is asked
 */
export async function keepResolved(
  routes: ReadonlyMap<string, Route>,
  neighbours?: readonly Neighbour[],
): Promise<ReadonlySet<string>> {
  const known = neighbours ?? (await knownNeighbours());
  const byKey = new Map(known.map((neighbour) => [neighbourKey(neighbour.dst, neighbour.dev), neighbour]));
  const resolved = new Set<string>();
  const unmanaged: string[] = [];
  for (const [address, route] of routes) {
    if (route.interface === 'lo') continue;
    const neighbour = byKey.get(neighbourKey(route.neighbour, route.interface));
    if (neighbour?.state.some((state) => RESOLVED.has(state))) resolved.add(address);
    if (neighbour !== undefined && (neighbour.managed !== undefined || neighbour.state.includes('PERMANENT'))) continue;
    unmanaged.push(`neigh replace ${route.neighbour} dev ${route.interface} managed protocol ${WEIR_PROTOCOL}`);
  }
  const wanted = new Set([...routes.values()].map((route) => neighbourKey(route.neighbour, route.interface)));
  const unwanted = known
    .filter(({ protocol, dst, dev }) => protocol === WEIR_PROTOCOL && !wanted.has(neighbourKey(dst, dev)))
    .map(({ dst, dev }) => `neigh del ${dst} dev ${dev}`);
  await ipBatch([...new Set(unmanaged), ...unwanted]);
  return resolved;
}

function neighbourKey(address: string, interfaceName: string): string {
  return `${address}%${interfaceName}`;
}
