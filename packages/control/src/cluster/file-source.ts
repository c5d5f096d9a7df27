import type { ClusterStatus, NodeRecord } from '../cluster-config.js';
import type { NodeConfig } from '../node-config.js';
import { type ConfigEvent, type ConfigSource, watchNodeConfig } from '../watch-node-config.js';
import type { ClusterConfigSource, NodeRegistration } from './config-source.js';

/** weir.yaml alone. */
export class FileSource implements ClusterConfigSource {
  readonly #path: string;
  #config: NodeConfig;
  #watching: ConfigSource | undefined;

  constructor(path: string, inForce: NodeConfig) {
    this.#path = path;
    this.#config = inForce;
  }

  get config(): NodeConfig {
    return this.#config;
  }

  follow(callback: (event: ConfigEvent) => Promise<void>): void {
    const tell = async (event: ConfigEvent) => {
      if (event.kind === 'changed') this.#config = event.config;
      await callback(event);
    };
    this.#watching = watchNodeConfig(this.#path, tell, { inForce: this.#config });
  }

  reload(): void {
    this.#watching?.reload();
  }

  status(): ClusterStatus {
    return { source: 'nothing', connected: false, revision: '0', skipped: new Map() };
  }

  register(): NodeRegistration {
    return { refresh() {}, async [Symbol.asyncDispose]() {} };
  }

  nodes(): readonly NodeRecord[] {
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watching?.[Symbol.asyncDispose]();
  }
}
