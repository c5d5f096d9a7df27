import { etcdConfigOf } from '../etcd-config.js';
import { nodeConfigOf } from '../node-config.js';
import { loadNodeDocument } from '../parse-node-config.js';
import type { ClusterConfigSource, ConfigSourceOptions } from './config-source.js';
import { EtcdSource } from './etcd-source.js';
import { FileSource } from './file-source.js';

/**
 * weir.yaml, and what its section `etcd` leads to; without that section as watchNodeConfig().
 * @throws {ConfigError} when the file itself is wrong; never for what is in etcd, or for etcd being away
 */
export async function openConfigSource(
  path: string,
  { logger, refusal }: ConfigSourceOptions,
): Promise<ClusterConfigSource> {
  const document = await loadNodeDocument(path);
  if (document.etcd === undefined) return new FileSource(path, nodeConfigOf(document));
  return EtcdSource.open({ path, document, config: etcdConfigOf(document.etcd), logger, refusal });
}
