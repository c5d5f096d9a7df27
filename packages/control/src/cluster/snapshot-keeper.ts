import type { EtcdConfig } from '../cluster-config.js';
import { Bursts } from './bursts.js';
import type { ClusterLog } from './cluster-log.js';
import { readSnapshot, type Snapshot, writeSnapshot } from './snapshot-file.js';

/** The disk is written so often at most. */
const APART_MS = 1000;

type SnapshotPlace = Pick<EtcdConfig, 'snapshotFile' | 'cluster'>;
type State = Omit<Snapshot, 'cluster'>;

/** Keeps the last good state on disk, never more than a second behind. */
export class SnapshotKeeper implements AsyncDisposable {
  readonly #config: SnapshotPlace;
  readonly #server: string;
  readonly #logger: ClusterLog;
  readonly #bursts = new Bursts(
    () => this.#write(),
    (err) =>
      this.#logger.error({ event: 'snapshot_not_written', err }, `the last good state can't be kept: ${err.message}`),
    APART_MS,
  );
  #state: State | undefined;
  /** Absent: all is well. */
  trouble: string | undefined;

  /** @param server  what the state comes from, for messages */
  constructor(config: SnapshotPlace, logger: ClusterLog, server = 'etcd') {
    this.#server = server;
    this.#config = config;
    this.#logger = logger;
  }

  /** Undefined: there is none, or none that is good; that is told. */
  async read(): Promise<Snapshot | undefined> {
    const { snapshotFile, cluster } = this.#config;
    try {
      return await readSnapshot(snapshotFile, cluster);
    } catch (error) {
      this.#logger.warn(
        { event: 'snapshot_unreadable', file: snapshotFile },
        `${snapshotFile} ${(error as Error).message}; it is ignored`,
      );
      return undefined;
    }
  }

  /** Nodes are left out: they are there as long as they live. */
  keep({ keys, good, revision }: State): void {
    const isKept = ([key]: [string, string]) => !key.startsWith('nodes/');
    this.#state = { revision, keys: new Map([...keys].filter(isKept)), good: new Map([...good].filter(isKept)) };
    this.#bursts.push();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bursts[Symbol.asyncDispose]();
  }

  async #write(): Promise<void> {
    const { snapshotFile, cluster } = this.#config;
    try {
      await writeSnapshot(snapshotFile, { cluster, ...(this.#state as State) });
      if (this.trouble !== undefined)
        this.#logger.info({ event: 'snapshot_written_again', file: snapshotFile }, `${snapshotFile} is written again`);
      this.trouble = undefined;
    } catch (error) {
      const trouble = `${snapshotFile} can't be written: ${(error as Error).message}`;
      if (trouble !== this.trouble)
        this.#logger.error(
          { event: 'snapshot_not_written', file: snapshotFile },
          `${trouble}; a start without ${this.#server} would fail`,
        );
      this.trouble = trouble;
    }
  }
}
