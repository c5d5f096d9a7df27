import type { Contradiction, SoundParts } from './contradiction.js';

/** What can't be had together with `metrics`. */
export function metricsContradictions({ metrics, bgp }: SoundParts): Contradiction[] {
  if (metrics === undefined || bgp === undefined) return [];
  const { host, port } = metrics.listen;
  const isOfGobgpd =
    bgp.gobgpd.run === 'child' && bgp.gobgpd.api === (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
  return isOfGobgpd
    ? [{ path: ['metrics', 'listen'], message: 'is bgp.gobgpd.api too, where gobgpd listens; take another port' }]
    : [];
}
