import type { Contradiction, SoundParts } from './contradiction.js';
import { repeated } from './repeated.js';
import { tlsContradictions } from './tls-contradictions.js';

type EtcdDocument = NonNullable<SoundParts['etcd']>;

/** What can't be had together in `etcd`. */
export function etcdContradictions({ etcd }: SoundParts): Contradiction[] {
  if (etcd === undefined) return [];
  return [...ofEndpoints(etcd), ...ofCredentials(etcd), ...tlsContradictions(etcd.tls)].map(({ path, message }) => ({
    path: ['etcd', ...path],
    message,
  }));
}

function ofEndpoints({ endpoints }: EtcdDocument): Contradiction[] {
  return repeated(endpoints.map(({ host, port }) => `${host} ${port}`)).map(([at, first]) => ({
    path: ['endpoints', at],
    message: `is etcd.endpoints[${first}] too`,
  }));
}

function ofCredentials({ username, password, passwordFile }: EtcdDocument): Contradiction[] {
  if (password !== undefined && passwordFile !== undefined) {
    return [{ path: ['passwordFile'], message: 'stands beside password, which says the same; leave out one of them' }];
  }
  const given = password !== undefined ? 'password' : passwordFile !== undefined ? 'passwordFile' : undefined;
  if (username !== undefined && given === undefined) {
    return [{ path: ['username'], message: 'has no meaning without a password; give password or passwordFile' }];
  }
  return username === undefined && given !== undefined
    ? [{ path: [given], message: 'has no meaning without a user; give username' }]
    : [];
}
