import type { Contradiction, SoundParts } from './contradiction.js';
import type { Endpoint } from './endpoint-schema.js';

/** Of `sun_path`, without the zero that ends it: unix(7). */
const SOCKET_PATH_BYTES_MAX = 107;

/** What can't be had together with or within `admin`. */
export function adminContradictions({ admin, metrics, bgp }: SoundParts): Contradiction[] {
  if (admin === undefined) return [];
  const { socket, listen, tls, roles } = admin;
  const found: Contradiction[] = [];
  const add = (path: readonly (string | number)[], message: string) =>
    found.push({ path: ['admin', ...path], message });
  if (socket !== undefined && Buffer.byteLength(socket) > SOCKET_PATH_BYTES_MAX) {
    add(['socket'], `has more than ${SOCKET_PATH_BYTES_MAX} bytes, which no Unix socket may`);
  }
  if (listen.length > 0 && tls === undefined) {
    add(['listen', 0], 'needs admin.tls: TCP is served with TLS only; leave it out for the Unix socket alone');
  }
  if (listen.length > 0 && tls !== undefined && roles.length === 0) {
    add(['listen', 0], 'needs admin.roles: no certificate has a role, so nobody could call');
  }
  if (listen.length === 0 && tls !== undefined) add(['tls'], 'has no use without admin.listen');
  if (listen.length === 0 && roles.length > 0) add(['roles'], 'has no use without admin.listen');
  listen.forEach((endpoint, i) => {
    const text = textOf(endpoint);
    if (listen.findIndex((other) => textOf(other) === text) < i) add(['listen', i], 'is there twice');
    if (metrics !== undefined && textOf(metrics.listen) === text) {
      add(['listen', i], 'is metrics.listen too; take another port');
    }
    if (bgp?.gobgpd.run === 'child' && bgp.gobgpd.api === text) {
      add(['listen', i], 'is bgp.gobgpd.api too, where gobgpd listens; take another port');
    }
  });
  return found;
}

function textOf({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
