import { etcdConfigOf } from '../etcd-config.js';
import { loadWrittenNode } from '../parse-node-config.js';
import type { ClusterConfigSource, ConfigSourceOptions } from './config-source.js';
import { EtcdSource } from './etcd-source.js';
import { FileSource } from './file-source.js';

/**
 * weir.yaml, and what its section `etcd` leads to; without that section it alone.
 * @throws {ConfigError} when the file itself is wrong; never for what is in etcd, or for etcd being away
 */
export async function openConfigSource(path: string, options: ConfigSourceOptions): Promise<ClusterConfigSource> {
  const file = await loadWrittenNode(path);
  const { etcd } = file.document;
  if (etcd === undefined) return new FileSource(path, file, options);
  return EtcdSource.open({ ...options, path, file, config: etcdConfigOf(etcd) });
}
