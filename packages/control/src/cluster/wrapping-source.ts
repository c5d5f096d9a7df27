import type { NodeConfig } from '../node-config.js';
import type { ConfigEvent } from '../watch-node-config.js';
import type { ClusterConfigSource } from './config-source.js';

/** Makes something else of the configurations of another source, which it owns; all the rest is as that one has it. */
export abstract class WrappingSource implements ClusterConfigSource {
  protected readonly source: ClusterConfigSource;

  constructor(source: ClusterConfigSource) {
    this.source = source;
  }

  abstract get config(): NodeConfig;
  abstract follow(callback: (event: ConfigEvent) => Promise<void>): void;
  abstract [Symbol.asyncDispose](): Promise<void>;

  get document(): ClusterConfigSource['document'] {
    return this.source.document;
  }

  get refused(): string | undefined {
    return this.source.refused;
  }

  get changes(): ClusterConfigSource['changes'] {
    return this.source.changes;
  }

  reload(): void {
    this.source.reload();
  }

  status(): ReturnType<ClusterConfigSource['status']> {
    return this.source.status();
  }

  register(...args: Parameters<ClusterConfigSource['register']>): ReturnType<ClusterConfigSource['register']> {
    return this.source.register(...args);
  }

  nodes(): ReturnType<ClusterConfigSource['nodes']> {
    return this.source.nodes();
  }
}
