import { type Family, plainMss } from './advertised-mss.js';

/** A route as `ip -json route show` prints it; what is not named here is not needed in a copy. */
export interface ShownRoute {
  readonly dst: string;
  /** `blackhole`, `unreachable` and the like; absent for a route that leads somewhere. */
  readonly type?: string;
  readonly gateway?: string;
  readonly via?: { readonly family: string; readonly host: string };
  readonly dev?: string;
  readonly scope?: string;
  readonly metric?: number;
  readonly flags?: readonly string[];
  readonly metrics?: readonly Readonly<Record<string, number | string>>[];
  readonly nexthops?: readonly ShownHop[];
  /** Set where the answer is about several tables; absent for the main table. */
  readonly table?: string;
}

type ShownHop = Pick<ShownRoute, 'gateway' | 'via' | 'dev' | 'flags'> & { readonly weight?: number };

/** What to do to a table: the rest of a line of `ip route replace` or `ip route del`, without the table. */
export interface RoutePlan {
  readonly replace: readonly string[];
  readonly remove: readonly string[];
}

/** Metrics of a route that concern what is sent or how a connection begins, and that a copy keeps. */
const keptMetrics = ['mtu', 'window', 'initcwnd', 'initrwnd', 'hoplimit', 'quickack', 'congctl'] as const;

/**
 * What makes `current` a copy of the main table which differs in `advmss` alone. Connected routes come first, for the
 * kernel takes a gateway only where it is reachable.
 *
 * @param main  routes of the main table
 * @param current  routes of the table that is to be the copy
 * @param mss  bytes; a route that asks for less, or whose own MTU does, keeps the lesser value
 */
export function planRoutes(
  main: readonly ShownRoute[],
  current: readonly ShownRoute[],
  mss: number,
  family: Family,
): RoutePlan {
  const wanted = main.filter(isWorthCopying).map((route) => withMss(route, mss, family));
  const present = new Set(current.map(routeWords));
  const identities = new Set(wanted.map(identityWords));
  return {
    replace: wanted
      .toSorted((a, b) => Number(hasGateway(a)) - Number(hasGateway(b)))
      .map(routeWords)
      .filter((words) => !present.has(words)),
    remove: current.map(identityWords).filter((words) => !identities.has(words)),
  };
}

/** Link-local destinations need no rule of a VIP, and the kernel makes one such route for each interface. */
function isWorthCopying({ dst, dev, type, flags = [] }: ShownRoute): boolean {
  return !dst.startsWith('fe80:') && (dev !== 'lo' || type !== undefined) && !flags.includes('dead');
}

function hasGateway({ gateway, via, nexthops }: ShownRoute): boolean {
  return gateway !== undefined || via !== undefined || nexthops !== undefined;
}

function withMss(route: ShownRoute, mss: number, family: Family): ShownRoute {
  if (isRefusal(route)) return route;
  const own: Readonly<Record<string, number | string>> = Object.assign({}, ...(route.metrics ?? []));
  const limits = [mss];
  if (typeof own.advmss === 'number') limits.push(own.advmss);
  if (typeof own.mtu === 'number') limits.push(plainMss(own.mtu, family));
  return { ...route, metrics: [{ ...own, advmss: Math.min(...limits) }] };
}

function isRefusal({ type }: ShownRoute): boolean {
  return type !== undefined && type !== 'unicast';
}

/** By what the kernel tells routes of one table apart. */
function identityWords({ dst, metric, type }: ShownRoute): string {
  const kind = isRefusal({ dst, ...(type && { type }) }) ? `${type} ` : '';
  return `${kind}${dst}${metric === undefined ? '' : ` metric ${metric}`}`;
}

function routeWords(route: ShownRoute): string {
  if (isRefusal(route)) return identityWords(route);
  const own: Readonly<Record<string, number | string>> = Object.assign({}, ...(route.metrics ?? []));
  const metrics = [...keptMetrics, 'advmss'].flatMap((name) => (own[name] === undefined ? [] : [name, own[name]]));
  const scope = route.scope === 'link' ? ['scope', 'link'] : [];
  const hops = route.nexthops?.flatMap((hop) => ['nexthop', ...hopWords(hop), 'weight', hop.weight ?? 1]);
  return [identityWords(route), ...scope, ...metrics, ...(hops ?? hopWords(route))].join(' ');
}

function hopWords({ gateway, via, dev, flags = [] }: ShownHop): readonly string[] {
  return [
    ...(gateway === undefined ? [] : ['via', gateway]),
    ...(via === undefined ? [] : ['via', via.family, via.host]),
    ...(dev === undefined ? [] : ['dev', dev]),
    ...(flags.includes('onlink') ? ['onlink'] : []),
  ];
}
