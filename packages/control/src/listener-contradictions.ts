import { isDeepStrictEqual } from 'node:util';
import type { Contradiction, SoundParts } from './contradiction.js';
import { hasPorts, listenersOf, type PlacedListener, portText } from './listener.js';
import { pathText } from './path-text.js';
import type { PortRange } from './port-schema.js';
import { repeated } from './repeated.js';
import type { ServiceDocument } from './service-schema.js';

/** Ranges of one VIP and protocol that the data plane looks through. */
const RANGES_MAX = 16;

/** What is wrong between the VIPs, protocols and ports of services. */
export function listenerContradictions({ services }: SoundParts): Contradiction[] {
  const placed = [...services].flatMap(([i, service]) => listenersOf(service, i));
  return [...ofPorts(placed), ...ofEqualListeners(placed), ...ofRanges(placed), ...ofAnnouncements(services)];
}

function ofPorts(placed: readonly PlacedListener[]): Contradiction[] {
  return placed
    .filter(({ listener: { protocol, port } }) => !hasPorts(protocol) && port !== 'all')
    .map(({ listener: { protocol }, path }) => ({
      path: [...path, 'port'],
      message: `has no meaning with protocol ${protocol}, which has no ports; write all`,
    }));
}

function ofEqualListeners(placed: readonly PlacedListener[]): Contradiction[] {
  const keys = placed.map(({ listener }) => `${listener.vip} ${listener.protocol} ${portText(listener.port)}`);
  return repeated(keys).map(([at, first]) => {
    const { listener, path } = placed[at] as PlacedListener;
    return {
      path: [...path, 'vip'],
      message: `with ${listener.protocol} port ${portText(listener.port)} is the same as ${placeText(placed[first])}`,
    };
  });
}

/** A port that is listed for itself comes before a range that holds it; two ranges can't both have it. */
function ofRanges(placed: readonly PlacedListener[]): Contradiction[] {
  const found: Contradiction[] = [];
  const groups = new Map<string, (PlacedListener & { range: PortRange })[]>();
  for (const { listener, path } of placed) {
    const { vip, protocol, port } = listener;
    if (typeof port !== 'object') continue;
    const group = groups.get(`${vip} ${protocol}`) ?? [];
    groups.set(`${vip} ${protocol}`, group);
    const overlapped = group.find(({ range }) => overlap(range, port) && !isDeepStrictEqual(range, port));
    if (overlapped !== undefined) {
      found.push({
        path: [...path, 'port'],
        message: `overlaps ${portText(overlapped.range)} of ${placeText(overlapped)}`,
      });
    }
    group.push({ listener, path, range: port });
    if (group.length === RANGES_MAX + 1) {
      found.push({
        path: [...path, 'port'],
        message: `is one range more than the ${RANGES_MAX} that ${vip} may have of ${protocol}`,
      });
    }
  }
  return found;
}

function ofAnnouncements(services: ReadonlyMap<number, ServiceDocument>): Contradiction[] {
  const found: Contradiction[] = [];
  const firsts = new Map<string, number>();
  for (const [i, service] of services) {
    const different = new Set<number>();
    for (const vip of new Set(listenersOf(service, i).map(({ listener }) => listener.vip))) {
      const first = firsts.get(vip);
      if (first === undefined) firsts.set(vip, i);
      else if (!isDeepStrictEqual(service.announce, services.get(first)?.announce)) different.add(first);
    }
    for (const first of different) {
      found.push({
        path: ['services', i, 'announce'],
        message: `differs from that of services[${first}]; routers know the VIP by one route, whatever the port`,
      });
    }
  }
  return found;
}

function overlap(a: PortRange, b: PortRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

function placeText(placed: PlacedListener | undefined): string {
  return pathText(placed?.path ?? []);
}
