import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { InvalidConfigError } from '../config-error.js';
import { type NodeConfig, nodeConfigOf } from '../node-config.js';
import type { WrittenNode } from '../parse-node-config.js';
import { backendName } from '../service-config.js';
import type { BackendInput, ServiceInput } from '../service-schema.js';
import { backendAt, refuseLastBackend, unknownService, withBackend } from './backend-entry.js';
import { ChangeError, conflict } from './change-error.js';
import type {
  Changed,
  ChangeOptions,
  ConfigChanges,
  Edit,
  EntryOrigin,
  TimeoutsInput,
  WantedState,
  WrittenBackend,
  WrittenService,
} from './config-changes.js';
import { problemsWithin } from './entry-problems.js';
import { entryRevision } from './entry-revision.js';
import { Listeners } from './listeners.js';
import { Remembered } from './remembered.js';
import type { RunningDocument } from './running-document.js';
import { planSave, saveFile } from './save-file.js';

/** Where the running configuration lives. */
export interface RunningHost {
  readonly path: string;
  running: RunningDocument;
  /** Whether the node itself could put it in force. @throws {ConfigError} it could not */
  check(next: NodeConfig): Promise<void>;
  /** Resolves when what runs now is in force. @throws why it is not */
  told(): Promise<void>;
}

/** Changes of a node without etcd: of what runs, and of weir.yaml where they are to be saved. One at a time. */
export class FileChanges implements ConfigChanges {
  readonly #host: RunningHost;
  readonly listeners = new Listeners();
  readonly #services = new Remembered<readonly WrittenService[]>();
  readonly #backends = new Remembered<readonly WrittenBackend[]>();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(host: RunningHost) {
    this.#host = host;
  }

  services(): readonly WrittenService[] {
    const { running } = this.#host;
    return this.#services.get([running], () =>
      running.services
        .map((document) => ({
          name: document.name,
          document,
          revision: entryRevision(document),
          origin: this.#originOf(document.name),
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
  }

  backends(): readonly WrittenBackend[] {
    const services = this.services();
    return this.#backends.get([services], () =>
      services.flatMap(({ name: service, document: { backends = [] }, revision, origin }) =>
        backends.map((document) => ({ service, name: backendName(document), document, revision, origin })),
      ),
    );
  }

  nodeStates(): ReadonlyMap<string, WantedState> {
    const { node } = nodeConfigOf(this.#host.running.document);
    return new Map([[node.name, node.wantedState]]);
  }

  changeService(name: string, edit: Edit<ServiceInput>, options: ChangeOptions = {}): Promise<Changed<ServiceInput>> {
    return this.#inTurn(() => this.#changeService(name, edit, options));
  }

  changeBackend(
    service: string,
    backend: string,
    edit: Edit<BackendInput>,
    options: ChangeOptions = {},
  ): Promise<Changed<BackendInput>> {
    return this.#inTurn(async () => {
      let at = -1;
      let before: BackendInput | undefined;
      let after: BackendInput | undefined;
      const editService = (current: ServiceInput | undefined) => {
        if (current === undefined) throw unknownService(service);
        const { backends = [], discovery } = current;
        at = backendAt(backends, backend);
        if (at === -1) at = backends.length;
        before = backends[at];
        after = edit(before);
        if (before !== undefined && after === undefined) refuseLastBackend(service, backends.length - 1, discovery);
        return withBackend(current, at, after);
      };
      try {
        const changed = await this.#changeService(service, editService, options);
        return { ...changed, before, after };
      } catch (error) {
        throw error instanceof InvalidConfigError ? problemsWithin(`backends[${at}]`, error) : error;
      }
    });
  }

  setNodeState(node: string, state: WantedState): Promise<Changed<WantedState>> {
    return this.#inTurn(async () => {
      const before = this.nodeStates().get(node);
      if (before === undefined)
        throw new ChangeError(
          'CHANGE_UNKNOWN',
          `there is no node ${node} here; without etcd a node knows itself alone`,
        );
      const changed = { before, after: state, revision: entryRevision(state), origin: 'running' as const };
      if (before !== state) await this.#put(this.#host.running.withNodeState(state));
      return { ...changed, isInForce: true };
    });
  }

  setTimeouts(timeouts: TimeoutsInput): Promise<Changed<TimeoutsInput>> {
    return this.#inTurn(async () => {
      const { running } = this.#host;
      const before = running.written.dataplane?.timeouts;
      const after = { ...before, ...timeouts };
      const next = isDeepStrictEqual(before, after) ? running : running.withTimeouts(after);
      await this.#host.check(nodeConfigOf(next.document));
      if (next !== running) await this.#put(next);
      return { before, after, revision: entryRevision(after), origin: 'running' as const, isInForce: true };
    });
  }

  onChange(callback: () => void): Disposable {
    return this.listeners.add(callback);
  }

  async #changeService(
    name: string,
    edit: Edit<ServiceInput>,
    { expectedRevision, isDryRun = false, isSaved = false }: ChangeOptions,
  ): Promise<Changed<ServiceInput>> {
    const { running, path } = this.#host;
    const before = running.services.find((service) => service.name === name);
    const current = entryRevision(before);
    if (expectedRevision !== undefined && expectedRevision !== current) {
      throw conflict(`service ${name}`, expectedRevision, current);
    }
    const edited = edit(before);
    const after = edited && { ...edited, name };
    let next = isDeepStrictEqual(before, after) ? running : running.withService(name, after);
    let saved: WrittenNode | undefined;
    if (isSaved) {
      saved = await planSave(path, running.file, { name, value: after });
      next = next.withFile(saved);
    }
    await this.#host.check(nodeConfigOf(next.document));
    if (isDryRun)
      return { before, after, revision: entryRevision(after), origin: this.#originOf(name), isInForce: false };
    if (saved !== undefined && saved.text !== running.file.text) await this.#putSaved(next, saved.text);
    else if (next !== running) await this.#put(next);
    return { before, after, revision: entryRevision(after), origin: this.#originOf(name), isInForce: true };
  }

  /** @throws {ChangeError} CHANGE_NOT_SAVED, CHANGE_NOT_IN_FORCE: the file is as it was */
  async #putSaved(next: RunningDocument, text: string): Promise<void> {
    const { path } = this.#host;
    const former = await readFile(path, 'utf8');
    await saveFile(path, text);
    try {
      await this.#put(next);
    } catch (error) {
      await saveFile(path, former);
      throw error;
    }
  }

  /** @throws {ChangeError} CHANGE_NOT_IN_FORCE */
  async #put(next: RunningDocument): Promise<void> {
    const before = this.#host.running;
    try {
      await this.#run(next);
    } catch (cause) {
      // The node may have begun with it.
      await this.#run(before).catch(() => {});
      const message = `the node could not put it in force, and took it back: ${(cause as Error).message}`;
      throw new ChangeError('CHANGE_NOT_IN_FORCE', message, { cause });
    }
  }

  async #run(document: RunningDocument): Promise<void> {
    this.#host.running = document;
    this.listeners.tell();
    await this.#host.told();
  }

  #originOf(service: string): EntryOrigin {
    return this.#host.running.isOfFile(service) ? 'file' : 'running';
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(change);
    this.#queue = done.catch(() => {});
    return done;
  }
}
