import type { z } from 'zod';
import type { EtcdConfig } from './cluster-config.js';
import type { etcd } from './etcd-schema.js';
import { definedOf } from './plain-values.js';

const SNAPSHOT_DIRECTORY = '/var/lib/weir';

export function etcdConfigOf(document: z.output<typeof etcd>): EtcdConfig {
  const { cluster, endpoints, tls, lease, timeout, snapshotFile, ...credentials } = document;
  return {
    cluster,
    endpoints,
    ...definedOf(credentials),
    ...(tls === false ? {} : { tls: tls === true ? {} : definedOf(tls) }),
    snapshotFile: snapshotFile ?? `${SNAPSHOT_DIRECTORY}/${cluster}.snapshot`,
    leaseMs: lease,
    timeoutMs: timeout,
  };
}
