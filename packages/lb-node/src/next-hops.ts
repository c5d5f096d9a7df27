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

/** What the kernel says of addresses and of its neighbours at one moment. */
export interface Surroundings {
  /** To addresses, in canonical text; one without a route is missing. */
  readonly routes: ReadonlyMap<string, Route>;
  /** All of both families. */
  readonly neighbours: readonly Neighbour[];
}

/** Asks the kernel in one go: changes of the configuration wait for the answer. */
export async function lookAround(addresses: readonly string[]): Promise<Surroundings> {
  const lines = [...addresses.map((address) => `route get ${address}`), 'neigh show'];
  const answers = await ipBatch<RouteAnswer | Neighbour>(lines);
  return {
    routes: new Map(answers.filter((answer) => !isNeighbour(answer)).map((answer) => [answer.dst, routeOf(answer)])),
    neighbours: answers.filter(isNeighbour),
  };
}

function isNeighbour(answer: RouteAnswer | Neighbour): answer is Neighbour {
  return 'state' in answer;
}

function routeOf({ dst, gateway, via, dev, prefsrc }: RouteAnswer): Route {
  return {
    neighbour: gateway ?? via?.host ?? dst,
    interface: dev,
    ...(prefsrc === undefined ? {} : { source: prefsrc }),
  };
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

/** Which next hops are resolved, and what is to be told to the kernel so that they stay so. */
export interface Resolution {
  /** Addresses whose next hop has a MAC address. */
  readonly resolved: ReadonlySet<string>;
  /** Lines for `ip -batch`, which can wait. */
  readonly changes: readonly string[];
}

/**
 * Lets the kernel keep the neighbours of these routes resolved ("managed" neighbours, Linux 5.16), since a packet that
 * XDP forwards does not make it ask, and lets go of those that no route leads to any more. Says which of the routes have
 * a resolved neighbour now.
 */
export async function keepResolved(routes: ReadonlyMap<string, Route>): Promise<ReadonlySet<string>> {
  const { resolved, changes } = await resolve(routes, (await lookAround([])).neighbours);
  await ipBatch(changes);
  return resolved;
}

/**
 * {@link keepResolved} without what can wait. Where the kernel has to ask for a neighbour, it has asked, and one that answers
 * as soon as neighbours do is resolved.
 */
export async function resolve(
  routes: ReadonlyMap<string, Route>,
  neighbours: readonly Neighbour[],
): Promise<Resolution> {
  const { missing, ...resolution } = planResolution(routes, neighbours);
  if (missing === 0) return resolution;
  await ipBatch(resolution.changes);
  return planResolution(routes, (await lookAround([])).neighbours);
}

/** `missing`: how many neighbours the kernel has not been asked for. */
function planResolution(
  routes: ReadonlyMap<string, Route>,
  neighbours: readonly Neighbour[],
): Resolution & { readonly missing: number } {
  const byKey = new Map(neighbours.map((neighbour) => [neighbourKey(neighbour.dst, neighbour.dev), neighbour]));
  const resolved = new Set<string>();
  const unmanaged = new Set<string>();
  let missing = 0;
  for (const [address, route] of routes) {
    if (route.interface === 'lo') continue;
    const neighbour = byKey.get(neighbourKey(route.neighbour, route.interface));
    const isResolved = neighbour?.state.some((state) => RESOLVED.has(state)) === true;
    if (isResolved) resolved.add(address);
    if (neighbour !== undefined && (neighbour.managed !== undefined || neighbour.state.includes('PERMANENT'))) continue;
    if (!isResolved) missing += 1;
    unmanaged.add(`neigh replace ${route.neighbour} dev ${route.interface} managed protocol ${WEIR_PROTOCOL}`);
  }
  const wanted = new Set([...routes.values()].map((route) => neighbourKey(route.neighbour, route.interface)));
  const unwanted = neighbours
    .filter(({ protocol, dst, dev }) => protocol === WEIR_PROTOCOL && !wanted.has(neighbourKey(dst, dev)))
    .map(({ dst, dev }) => `neigh del ${dst} dev ${dev}`);
  return { resolved, changes: [...unmanaged, ...unwanted], missing };
}

function neighbourKey(address: string, interfaceName: string): string {
  return `${address}%${interfaceName}`;
}
