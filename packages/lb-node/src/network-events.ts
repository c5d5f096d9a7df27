import { followIpMonitor } from '@weir/daemon';
import { WEIR_PROTOCOL } from './route-protocol.js';

const RESTART_MS = 1000;

/** Neighbours that somebody keeps: by this daemon, resolved by the kernel itself, or with a fixed address. */
const KEPT_NEIGHBOUR = new RegExp(`proto ${WEIR_PROTOCOL}|\\bmanaged\\b|\\bPERMANENT\\b`);

/**
 * Calls back when routes, links or neighbours that are kept change, as `ip monitor` tells, until the signal aborts; and once when
 * it begins to. Says that something changed, not what: whoever listens looks at the whole anyway.
 */
export function onNetworkChange(callback: () => void, signal: AbortSignal): void {
  const onLine = (line: string) => {
    if (matters(line)) callback();
  };
  const again = () => {
    if (!signal.aborted) setTimeout(() => onNetworkChange(callback, signal), RESTART_MS).unref();
  };
  followIpMonitor(['label', 'route', 'neigh', 'link'], { onSubscribed: callback, onLine }, signal).then(again, again);
}

/**
 * Is a line of `ip monitor label` worth a look? Clients on the node's own links are neighbours too, and the kernel never
 * stops looking whether they are there.
 */
export function matters(line: string): boolean {
  return !line.startsWith('[NEIGH]') || KEPT_NEIGHBOUR.test(line);
}
