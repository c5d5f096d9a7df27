import type { LeastCost } from '../scheduling.js';
import { mayTakeFlows } from './backend.js';
import type { Backend, Service } from './service.js';
import { addressText } from './tuple.js';

/** How many rows a search for a backend goes through. */
const ROWS_LOOKED_AT_MAX = 16;
const ROWS_COMPARED_MAX = 1024;
/** How many backends a destination may have (lblcr). */
const REPLICAS_MAX = 4;

/**
 * The backend of a new flow; undefined: none may take it.
 *
 * @param hashed  the row that the packet's hash points at
 */
export function schedule(service: Service, hashed: number, destination: Uint8Array): Backend | undefined {
  const { scheduling } = service;
  switch (scheduling.pick) {
    case 'hash':
    case 'choices':
      return fromRowOn(service, hashed);
    case 'next':
      return afterLastRow(service);
    case 'least':
      return least(service.rows, scheduling.cost);
    case 'locality':
      return ofDestination(service, destination, scheduling.replicas);
  }
}

function fromRowOn({ rows }: Service, first: number): Backend | undefined {
  for (let i = 0; i < ROWS_LOOKED_AT_MAX; i++) {
    const backend = rows[(first + i) % rows.length];
    if (backend !== undefined && mayTakeFlows(backend)) return backend;
  }
  return undefined;
}

function afterLastRow(service: Service): Backend | undefined {
  const { rows } = service;
  for (let i = 0; i < ROWS_LOOKED_AT_MAX; i++) {
    const backend = rows[service.rowsLookedAt++ % rows.length];
    if (backend !== undefined && mayTakeFlows(backend)) return backend;
  }
  return undefined;
}

/** net/netfilter/ipvs: ip_vs_lc.c, ip_vs_wlc.c, ip_vs_sed.c, ip_vs_nq.c. */
function least(candidates: readonly (Backend | undefined)[], cost: LeastCost): Backend | undefined {
  const able = candidates
    .slice(0, ROWS_COMPARED_MAX)
    .filter((backend): backend is Backend => backend !== undefined && mayTakeFlows(backend));
  const idle = cost === 'nq' ? able.find(({ activeConnections }) => activeConnections === 0) : undefined;
  if (idle !== undefined) return idle;
  return able.reduce<Backend | undefined>(
    (best, backend) => (best !== undefined && !isLess(cost, backend, best) ? best : backend),
    undefined,
  );
}

/** Costs are fractions with the weight below; they are compared without dividing. */
function isLess(cost: LeastCost, a: Backend, b: Backend): boolean {
  if (cost === 'lc') return load(a) < load(b);
  if (cost === 'wlc') return load(a) * b.weight < load(b) * a.weight;
  return (a.activeConnections + 1) * b.weight < (b.activeConnections + 1) * a.weight;
}

function load({ activeConnections, inactiveConnections }: Backend): number {
  return 256 * activeConnections + inactiveConnections;
}

/**
 * ip_vs_lblc.c, ip_vs_lblcr.c: what was fetched for a destination before is found in its backend's cache. Of a
 * destination's places that hold no backend that may take flows the first is given away; of none, the very first.
 */
function ofDestination(service: Service, destination: Uint8Array, replicas: boolean): Backend | undefined {
  const key = addressText(destination);
  const known = service.localities.get(key) ?? [];
  const places = Array.from({ length: REPLICAS_MAX }, (_, i) => known[i]);
  const held = places.slice(0, replicas ? REPLICAS_MAX : 1).map(ifMayTakeFlows);
  // The latest first: it had the least to do then.
  const former = least(held.toReversed(), 'wlc');
  if (former !== undefined && !(isBusy(former) && service.rows.slice(0, ROWS_COMPARED_MAX).some(isAlmostIdle))) {
    return former;
  }
  const found = least(service.rows, 'wlc');
  if (found === undefined || found === former) return found;
  // Who can't take flows now keeps the place, if nobody needs it, for when it can.
  places[Math.max(0, held.indexOf(undefined))] = found;
  service.localities.set(key, places);
  return found;
}

function ifMayTakeFlows(backend: Backend | undefined): Backend | undefined {
  return backend?.inForce && mayTakeFlows(backend) ? backend : undefined;
}

const isBusy = ({ activeConnections, weight }: Backend) => activeConnections > weight;
const isAlmostIdle = (backend: Backend | undefined) =>
  backend !== undefined && mayTakeFlows(backend) && 2 * backend.activeConnections < backend.weight;
