import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from '@weir/daemon';
import type { Dataplane, UnresolvedHop } from '@weir/dataplane';
import { ipBatch, ipJson } from './ip-command.js';

/** A client or server whose packet was dropped for it sends it again after a second (RFC 6298, section 2.1). */
const INTERVAL_MS = 500;

interface LinkAnswer {
  readonly ifindex: number;
  readonly ifname: string;
}

interface NeighbourAnswer {
  readonly dst: string;
  readonly dev: string;
  readonly managed?: null;
  readonly state: readonly string[];
}

/**
 * Until the signal aborts, makes the kernel ask for the MAC addresses that packets could not be sent without. Backends and
 * default routers are kept resolved anyway; this is for answers of nat and fullnat to clients on a link of this node, or
 * behind a router of their own.
 */
export async function resolveHops(dataplane: Dataplane, logger: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const hops = dataplane.takeUnresolved();
      if (hops.length > 0) await askFor(hops);
    } catch (error) {
      logger.warn({ event: 'neighbour_request_failed', err: error }, 'could not make the kernel ask for neighbours');
    }
    await wait(INTERVAL_MS, undefined, { signal }).catch(() => {});
  }
}

/** Makes the kernel ask for neighbours, but for those that it cares for already. */
export async function askFor(hops: readonly UnresolvedHop[]): Promise<void> {
  const [links, neighbours] = await Promise.all([
    ipJson<LinkAnswer>(['link', 'show']),
    ipJson<NeighbourAnswer>(['neigh', 'show']),
  ]);
  const nameOf = new Map(links.map(({ ifindex, ifname }) => [ifindex, ifname]));
  const isCaredFor = (address: string, name: string) =>
    neighbours.some(
      ({ dst, dev, managed, state }) =>
        dst === address && dev === name && (managed !== undefined || state.includes('PERMANENT')),
    );
  const lines = hops.flatMap(({ address, ifindex }) => {
    const name = nameOf.get(ifindex);
    if (name === undefined || isCaredFor(address, name)) return [];
    return [`neigh replace ${address} dev ${name} use`];
  });
  await ipBatch(lines);
}
