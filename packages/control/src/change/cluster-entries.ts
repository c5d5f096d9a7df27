import type { GoodEntry } from '../cluster/candidates.js';
import type { EntryCache } from '../cluster/entry-cache.js';
import type { MergedCluster } from '../cluster/merge-cluster.js';
import type { WrittenNode } from '../parse-node-config.js';
import { backendName } from '../service-config.js';
import type { BackendInput, ServiceInput } from '../service-schema.js';
import { backendAt, refuseLastBackend, unknownService, withBackend } from './backend-entry.js';
import { ChangeError } from './change-error.js';
import type { Edit, TimeoutsInput, WantedState, WrittenBackend, WrittenService } from './config-changes.js';
import { entryRevision, NO_REVISION } from './entry-revision.js';
import { Remembered } from './remembered.js';
import { serviceOf } from './running-document.js';

/** weir.yaml and the keys of a cluster, as they are now. */
interface KnownCluster {
  readonly file: WrittenNode;
  readonly keys: ReadonlyMap<string, string>;
  readonly revisions: ReadonlyMap<string, string>;
  /** Another one whenever a key is. */
  readonly revision: string;
  readonly merged: MergedCluster;
  readonly cache: EntryCache;
}

/** What an edit comes to, before it is checked. */
export interface PlannedWrite<Document> {
  readonly before: Document | undefined;
  readonly after: Document | undefined;
  /** That is changed, without the prefix of the cluster. */
  readonly key: string;
  /** Of that key now. */
  readonly revision: string;
  /** Texts by key; undefined: it goes. */
  readonly texts: ReadonlyMap<string, string | undefined>;
  /** Where in the key's value the entry stands, such as `backends[2]`; absent: it is all of it. */
  readonly within?: string;
}

/** Services, backends and states of nodes as weir.yaml and etcd have them, and what their changes come to. */
export class ClusterEntries {
  readonly #known: KnownCluster;
  readonly #services = new Remembered<readonly WrittenService[]>();
  readonly #backends = new Remembered<readonly WrittenBackend[]>();

  constructor(known: KnownCluster) {
    this.#known = known;
  }

  services(): readonly WrittenService[] {
    return this.#services.get(this.#version(), () => this.#allServices());
  }

  backends(): readonly WrittenBackend[] {
    return this.#backends.get(this.#version(), () => this.#allBackends());
  }

  #version(): readonly unknown[] {
    const { file, merged, revisions, revision } = this.#known;
    return [file, merged, revisions, revision];
  }

  #allServices(): readonly WrittenService[] {
    const { written } = this.#known.file;
    const ofFile = (written.services ?? []).map((document) => ({
      name: document.name,
      document,
      revision: entryRevision(document),
      origin: 'file' as const,
    }));
    const names = new Set(ofFile.map(({ name }) => name));
    const ofEtcd = this.#written('services/').flatMap(({ key, name, value }) =>
      names.has(name)
        ? []
        : [{ name, document: serviceInput(name, value), revision: this.#revisionOf(key), origin: 'etcd' as const }],
    );
    return [...ofFile, ...ofEtcd].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #allBackends(): readonly WrittenBackend[] {
    const ofKeys = this.#backendsOfKeys();
    return this.services().flatMap(({ name: service, document: { backends = [] }, revision, origin }) => [
      ...backends.map((document) => ({ service, name: backendName(document), document, revision, origin })),
      ...(ofKeys.get(service) ?? []),
    ]);
  }

  nodeStates(): ReadonlyMap<string, WantedState> {
    return new Map(
      this.#written('node-states/').map(({ name, value }) => [name, (value as { state: WantedState }).state]),
    );
  }

  planService(name: string, edit: Edit<ServiceInput>): PlannedWrite<ServiceInput> {
    if (serviceOf(this.#known.file, name) !== undefined) throw ofFile(`service ${name}`);
    const key = `services/${name}`;
    const value = this.#value(key);
    const before = value === undefined ? undefined : serviceInput(name, value);
    const edited = edit(before);
    const after = edited && { ...edited, name };
    const texts = new Map([[key, after && JSON.stringify({ ...after, name: undefined })]]);
    if (after === undefined) {
      for (const backend of this.#backendsOfKeys().get(name) ?? []) texts.set(backendKey(backend), undefined);
    }
    return { before, after, key, revision: this.#revisionOf(key), texts };
  }

  /** One that has a key of its own is changed there, another one within its service; a new one gets a key. */
  planBackend(service: string, wanted: string, edit: Edit<BackendInput>): PlannedWrite<BackendInput> {
    const ofKeys = this.#backendsOfKeys().get(service) ?? [];
    const { file } = this.#known;
    const fileService = serviceOf(file, service);
    const etcdService = fileService === undefined ? this.#value(`services/${service}`) : undefined;
    const holder = fileService ?? (etcdService === undefined ? undefined : serviceInput(service, etcdService));
    if (holder === undefined) throw unknownService(service);
    const { backends = [], discovery } = holder;
    const at = backendAt([...backends, ...ofKeys.map(({ document }) => document)], wanted);
    const isOwnEntry = at === -1 || at >= backends.length;
    if (!isOwnEntry && fileService !== undefined) throw ofFile(`backend ${wanted} of service ${service}`);
    const found = ofKeys[at - backends.length]?.document;
    const before = isOwnEntry ? found : backends[at];
    const after = edit(before);
    if (before !== undefined && after === undefined)
      refuseLastBackend(service, backends.length + ofKeys.length - 1, discovery);
    if (!isOwnEntry) {
      const whole = this.planService(service, () => withBackend(holder, at, after));
      return { ...whole, before, after, within: `backends[${at}]` };
    }
    const name = found === undefined ? backendName(after ?? { address: wanted }) : backendName(found);
    return this.#planOwnKey(backendKey({ service, name }), before, after && { ...after, name });
  }

  planNodeState(node: string, state: WantedState): PlannedWrite<WantedState> {
    const key = `node-states/${node}`;
    const value = this.#value(key) as { readonly state?: WantedState } | undefined;
    const texts = new Map([[key, JSON.stringify({ ...value, state })]]);
    return { before: value?.state, after: state, key, revision: this.#revisionOf(key), texts };
  }

  /** What etcd does not say yet is as this node's file has it. */
  planTimeouts(timeouts: TimeoutsInput): PlannedWrite<TimeoutsInput> {
    const key = 'settings/timeouts';
    const value = this.#value(key) as TimeoutsInput | undefined;
    const before = value ?? this.#known.file.written.dataplane?.timeouts;
    const after = { ...before, ...timeouts };
    return { before, after, key, revision: this.#revisionOf(key), texts: new Map([[key, JSON.stringify(after)]]) };
  }

  #planOwnKey(
    key: string,
    before: BackendInput | undefined,
    after: BackendInput | undefined,
  ): PlannedWrite<BackendInput> {
    const texts = new Map([[key, after && JSON.stringify({ ...after, name: undefined })]]);
    return { before, after, key, revision: this.#revisionOf(key), texts };
  }

  /** By service; by name. */
  #backendsOfKeys(): ReadonlyMap<string, readonly WrittenBackend[]> {
    const found = new Map<string, WrittenBackend[]>();
    for (const { key, value } of this.#written('backends/')) {
      const [, service = '', name = ''] = key.split('/');
      const document = { ...(value as BackendInput), name };
      const backend: WrittenBackend = { service, name, document, revision: this.#revisionOf(key), origin: 'etcd' };
      const ofService = found.get(service);
      if (ofService === undefined) found.set(service, [backend]);
      else ofService.push(backend);
    }
    for (const ofService of found.values()) ofService.sort((a, b) => (a.name < b.name ? -1 : 1));
    return found;
  }

  /** Keys of a kind whose value is right, or was before. */
  #written(prefix: string): { readonly key: string; readonly name: string; readonly value: unknown }[] {
    return [...this.#known.keys.keys()].flatMap((key) => {
      if (!key.startsWith(prefix)) return [];
      const value = this.#value(key);
      return value === undefined ? [] : [{ key, name: key.slice(prefix.length), value }];
    });
  }

  /** As it was written: the text of the key if that is right, or else what it said when it was. Undefined: neither. */
  #value(key: string): unknown {
    const { keys, merged, cache } = this.#known;
    const texts = [keys.get(key), merged.good.get(key)];
    const good = texts.find((text) => text !== undefined && isGood(cache.entry(key, text)));
    return good === undefined ? undefined : (JSON.parse(good) as unknown);
  }

  #revisionOf(key: string): string {
    const { keys, revisions } = this.#known;
    return keys.has(key) ? (revisions.get(key) ?? 'unknown') : NO_REVISION;
  }
}

function isGood(entry: { readonly kind: string }): entry is GoodEntry {
  return entry.kind !== 'bad';
}

function serviceInput(name: string, value: unknown): ServiceInput {
  return { ...(value as Omit<ServiceInput, 'name'>), name };
}

function backendKey({ service, name }: Pick<WrittenBackend, 'service' | 'name'>): string {
  return `backends/${service}/${name}`;
}

function ofFile(what: string): ChangeError {
  const message = `${what} stands in weir.yaml of this node, which etcd does not overrule; change it there, on all nodes that have it`;
  return new ChangeError('CHANGE_ELSEWHERE', message);
}
