import type { EtcdConfig } from '../cluster-config.js';
import type { Endpoint } from '../endpoint-schema.js';
import { type EtcdConnection, endpointName } from '../etcd/etcd-connection.js';
import { troubleText } from '../etcd/etcd-trouble.js';
import type { RangeListener } from '../etcd/follow-range.js';
import type { KeyRange } from '../etcd/key-range.js';
import type { KeyEvent } from '../etcd/watch-stream.js';
import { parseClusterKey } from './cluster-key.js';
import type { ClusterLog } from './cluster-log.js';
import type { Snapshot } from './snapshot-file.js';

export interface StoreOptions {
  readonly config: EtcdConfig;
  readonly logger: ClusterLog;
  /** The keys are others than before, by these events; undefined: all were read anew. */
  onChange(events?: readonly KeyEvent[]): void;
  /** A member answers, from now on until it fails. */
  onConnected(): void;
  onGone(key: string): void;
}

/** The keys of a cluster as they are known: from etcd, or from the disk until etcd answers. */
export class ClusterStore implements RangeListener {
  readonly #options: StoreOptions;
  readonly #troubles = new Set<string>();
  #endFirstRound: () => void = () => {};
  /** Resolves when a member has answered, or when all have been asked. */
  readonly firstRound = new Promise<void>((resolve) => {
    this.#endFirstRound = resolve;
  });
  #failures = 0;
  #keys = new Map<string, string>();
  #revisions = new Map<string, string>();
  source: 'etcd' | 'snapshot' | 'nothing' = 'nothing';
  revision = '0';
  connection: EtcdConnection | undefined;
  /** Absent: all is well. */
  trouble: string | undefined;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** Without the prefix of the cluster, in the order in which they were made. */
  get keys(): ReadonlyMap<string, string> {
    return this.#keys;
  }

  /** Of each key, that of its last change; unknown while they are those of the disk. */
  get revisions(): ReadonlyMap<string, string> {
    return this.#revisions;
  }

  restore({ keys, revision }: Snapshot): void {
    this.#keys = new Map(keys);
    this.revision = revision;
    this.source = 'snapshot';
  }

  onRange({ keys, revisions, revision }: KeyRange, connection: EtcdConnection): void {
    const { logger, onChange, onConnected, onGone } = this.#options;
    const gone = [...this.#keys.keys()].filter((key) => !keys.has(key));
    this.#keys = new Map([...keys].filter(([key]) => !isOfRollouts(key)));
    this.#revisions = new Map(revisions);
    this.revision = revision;
    this.source = 'etcd';
    this.connection = connection;
    this.trouble = undefined;
    if (this.#troubles.size > 0) {
      logger.info(
        { event: 'etcd_back', endpoint: connection.endpoint, revision },
        `etcd at ${connection.endpoint} answers`,
      );
    }
    this.#troubles.clear();
    for (const key of gone) onGone(key);
    onChange();
    onConnected();
    this.#endFirstRound();
  }

  onEvents(events: readonly KeyEvent[], revision: string): void {
    const own = events.filter(({ key }) => !isOfRollouts(key));
    this.revision = revision;
    if (own.length === 0) return;
    for (const { key, text, revision: changed } of own) {
      if (text !== undefined) {
        this.#keys.set(key, text);
        this.#revisions.set(key, changed);
        continue;
      }
      this.#keys.delete(key);
      this.#revisions.delete(key);
      this.#options.onGone(key);
    }
    this.#options.onChange(own);
  }

  onTrouble(member: Endpoint, error: Error): void {
    const { config, logger } = this.#options;
    const endpoint = endpointName(member);
    this.connection = undefined;
    this.trouble = `etcd at ${endpoint} ${troubleText(error)}`;
    this.#failures += 1;
    if (this.#failures >= config.endpoints.length) this.#endFirstRound();
    if (this.#troubles.has(this.trouble)) return;
    this.#troubles.add(this.trouble);
    logger.warn({ event: 'etcd_lost', endpoint, error: error.message }, `${this.trouble}; what is in force stays`);
  }
}

/** What a rollout says of itself changes again and again, and nothing that is in force. */
function isOfRollouts(key: string): boolean {
  return parseClusterKey(key).kind === 'other';
}
