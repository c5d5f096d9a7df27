import type { ClusterStatus, NodeRecord } from '../cluster-config.js';
import type { NodeConfig } from '../node-config.js';
import { loadNodeConfig } from '../parse-node-config.js';
import { type ConfigEvent, type ConfigSource, watchNodeConfig } from '../watch-node-config.js';
import type { ClusterLog } from './cluster-log.js';

/** weir.yaml and, where it has a section `etcd`, what the nodes of the cluster share. */
export interface ClusterConfigSource extends ConfigSource {
  /** What is to be in force: of the start, and after it the newest that was told. */
  readonly config: NodeConfig;
  /** Tells what changes from now on, in order, one at a time; while a callback runs, only the newest state is kept. Once. */
  follow(callback: (event: ConfigEvent) => Promise<void>): void;
  status(): ClusterStatus;
  /**
   * Tells the others of this node, from now on until the registration is disposed of. Without etcd nobody is told.
   * @param record  what is to be told, asked whenever it is written
   */
  register(record: () => NodeRecord): NodeRegistration;
  /** Those that are registered, by name; this one among them. */
  nodes(): readonly NodeRecord[];
}

/** This node's entry among the nodes; goes when it is disposed of. */
export interface NodeRegistration extends AsyncDisposable {
  /** The record has changed: it is written at once. */
  refresh(): void;
}

/**
 * weir.yaml, and what its section `etcd` leads to; without that section as {@link watchNodeConfig}.
 * @throws {ConfigError} when the file itself is wrong; never for what is in etcd, or for etcd being away
 */
export async function openConfigSource(
  path: string,
  _options: { readonly logger: ClusterLog },
): Promise<ClusterConfigSource> {
  return openFileSource(path, await loadNodeConfig(path));
}

function openFileSource(path: string, inForce: NodeConfig): ClusterConfigSource {
  let config = inForce;
  let source: ConfigSource | undefined;
  return {
    get config() {
      return config;
    },
    follow(callback) {
      source = watchNodeConfig(
        path,
        async (event) => {
          if (event.kind === 'changed') config = event.config;
          await callback(event);
        },
        { inForce },
      );
    },
    reload: () => source?.reload(),
    status: () => ({ source: 'nothing', connected: false, revision: '0', skipped: new Map() }),
    register: () => ({ refresh() {}, async [Symbol.asyncDispose]() {} }),
    nodes: () => [],
    async [Symbol.asyncDispose]() {
      await source?.[Symbol.asyncDispose]();
    },
  };
}
