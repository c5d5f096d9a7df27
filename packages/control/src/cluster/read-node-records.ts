import type { EtcdConfig, NodeRecord } from '../cluster-config.js';
import type { EtcdConnection } from '../etcd/etcd-connection.js';
import { clusterPrefix } from './cluster-key.js';
import { parseClusterEntry } from './cluster-value.js';
import { inOrder } from './node-records.js';

/**
 * The nodes that are registered at the moment, by name; records that are not right are left out.
 * @throws what etcd says
 */
export async function readNodeRecords(
  { client }: EtcdConnection,
  { cluster }: Pick<EtcdConfig, 'cluster'>,
): Promise<readonly NodeRecord[]> {
  const prefix = clusterPrefix(cluster);
  const texts = await client.getAll().prefix(`${prefix}nodes/`).strings();
  const records = Object.entries(texts).flatMap(([key, text]) => {
    const entry = parseClusterEntry(key.slice(prefix.length), text);
    return entry.kind === 'node' ? [entry.value] : [];
  });
  return inOrder(records);
}
