import type { NodeInput } from '../node-schema.js';
import type { BackendInput, ServiceInput } from '../service-schema.js';

/** Where an entry stands: in weir.yaml, in etcd, or in this daemon alone, until it is saved or ends. */
export type EntryOrigin = 'file' | 'etcd' | 'running';

/** A service as it was written, with the backends that stand in its own entry. */
export interface WrittenService {
  readonly name: string;
  readonly document: ServiceInput;
  /** Another one whenever the entry is; compared as text. */
  readonly revision: string;
  readonly origin: EntryOrigin;
}

/** A backend as it was written, in the entry of its service or, in etcd, in one of its own. */
export interface WrittenBackend {
  readonly service: string;
  /** Its own, or else its address, with the port if it has one. */
  readonly name: string;
  readonly document: BackendInput;
  /** Of the entry that it stands in. */
  readonly revision: string;
  readonly origin: EntryOrigin;
}

export type WantedState = 'active' | 'draining';

/** `dataplane.timeouts` as it was written: durations as text. */
export type TimeoutsInput = NonNullable<NonNullable<NodeInput['dataplane']>['timeouts']>;

export interface ChangeOptions {
  /** What the entry is expected to be at; `0`: it does not exist yet. Absent: at anything. */
  readonly expectedRevision?: string | undefined;
  /** Everything is checked, nothing is changed. */
  readonly isDryRun?: boolean | undefined;
  /** Without etcd: weir.yaml is changed too, first. */
  readonly isSaved?: boolean | undefined;
  /** Ends the waiting for a change that is written already. */
  readonly signal?: AbortSignal | undefined;
}

/** An entry that was changed. */
export interface Changed<Document> {
  /** Undefined: there was none. */
  readonly before: Document | undefined;
  /** Undefined: it is gone. */
  readonly after: Document | undefined;
  /** `0`: it is gone. */
  readonly revision: string;
  readonly origin: EntryOrigin;
  /** False: it is written, and this node has not put it in force (yet). */
  readonly isInForce: boolean;
}

/** What becomes of an entry; undefined: it goes. It may be asked again, when others changed something meanwhile. */
export type Edit<Document> = (current: Document | undefined) => Document | undefined;

/**
 * The entries of the configuration as they were written, and their changes. What an edit makes of an entry may be anything:
 * it is checked by the rules of weir.yaml, with all the rest, before anything is written.
 *
 * All changes throw {@link ChangeError}, and {@link InvalidConfigError} with paths from the entry (`backends[2].weight`).
 */
export interface ConfigChanges {
  /** In the order of their names. */
  services(): readonly WrittenService[];
  /** In the order of services, and of backends as they stand there; without what `discovery` finds. */
  backends(): readonly WrittenBackend[];
  /** What operators want of nodes, where they said so. */
  nodeStates(): ReadonlyMap<string, WantedState>;
  changeService(name: string, edit: Edit<ServiceInput>, options?: ChangeOptions): Promise<Changed<ServiceInput>>;
  /** @param backend  its name, or its address where only one has it */
  changeBackend(
    service: string,
    backend: string,
    edit: Edit<BackendInput>,
    options?: ChangeOptions,
  ): Promise<Changed<BackendInput>>;
  setNodeState(node: string, state: WantedState, options?: ChangeOptions): Promise<Changed<WantedState>>;
  /** What is absent stays as it is. With etcd they are those of all nodes, without it of this one until its daemon ends. */
  setTimeouts(timeouts: TimeoutsInput, options?: ChangeOptions): Promise<Changed<TimeoutsInput>>;
  /** Calls back after entries have changed, whoever changed them, until disposed of. */
  onChange(callback: () => void): Disposable;
}
