import type { ClusterStatus } from '@weir/control';
import type { NodeFigures } from '../metrics/node-figures.js';

/** More of one kind are counted, not listed. */
const LISTED_MAX = 20;

/**
 * What of a node is not as it should be, for people: a line each.
 * @param refused  why the newest configuration is not in force; undefined: it is
 */
export function troublesOf(
  figures: NodeFigures,
  etcd: ClusterStatus | undefined,
  refused: string | undefined,
): readonly string[] {
  return [
    ...(refused === undefined ? [] : [`the changed configuration is not in force: ${refused}`]),
    ...speakerTroubles(figures),
    ...listed(figures.silence, 'more reasons why VIPs are not announced'),
    ...overrideTroubles(figures),
    ...etcdTroubles(etcd),
    ...sharingTroubles(figures),
    ...healthTroubles(figures),
  ];
}

function speakerTroubles({ speaker, config }: NodeFigures): readonly string[] {
  if (speaker === undefined) return [];
  if ('keepalived' in speaker) {
    const isNeeded = speaker.announced.length > 0;
    return isNeeded && speaker.keepalived.kind === 'down' ? ['keepalived is down'] : [];
  }
  if (speaker.gobgpd.kind === 'down') return [`gobgpd is down: ${speaker.gobgpd.reason}`];
  const established = new Set(
    speaker.peers.filter(({ state }) => state === 'established').map(({ address }) => address),
  );
  const missing = (config.bgp?.peers ?? []).filter(({ address }) => !established.has(address));
  return missing.map(({ address }) => `the BGP session with ${address} is not established`);
}

function overrideTroubles({ overrides }: NodeFigures): readonly string[] {
  const on = [...overrides].filter(([, override]) => override === 'on').map(([vip]) => vip);
  // What is off is among the reasons for silence.
  return on.map((vip) => `${vip} is announced whatever its health, as an operator wants it`);
}

function etcdTroubles(etcd: ClusterStatus | undefined): readonly string[] {
  if (etcd === undefined) return [];
  const gone = etcd.connected ? [] : [`etcd does not answer: ${etcd.lastError ?? 'not connected yet'}`];
  const skipped = [...etcd.skipped].map(([key, why]) => `etcd: ${key} is skipped: ${why}`);
  return [...gone, ...listed(skipped, 'more keys of etcd are skipped')];
}

function sharingTroubles({ sharing }: NodeFigures): readonly string[] {
  if (sharing === undefined || sharing.store.isAvailable) return [];
  return [`the store of flows does not answer: ${sharing.store.lastError ?? 'not connected yet'}`];
}

function healthTroubles({ health }: NodeFigures): readonly string[] {
  const down = health.backends
    .filter(({ verdict }) => verdict === 'down')
    .map(({ service, backend, reason }) => `backend ${backend} of ${service} is down: ${reason}`);
  return listed(down, 'more backends are down');
}

function listed(lines: readonly string[], more: string): readonly string[] {
  if (lines.length <= LISTED_MAX) return lines;
  return [...lines.slice(0, LISTED_MAX), `${lines.length - LISTED_MAX} ${more}`];
}
