import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { KubernetesObject } from './kubernetes-objects.js';

/** Plural names, as in paths. */
export type Kind = 'services' | 'endpointslices' | 'leases' | 'events';

export interface StoreEvent {
  readonly kind: Kind;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly version: number;
  readonly object: KubernetesObject;
}

/** Somebody else wrote the object meanwhile. */
export class StoreConflict extends Error {}

/** Objects with versions, and what became of them: what an API server keeps in its etcd. */
export class KubernetesStore {
  readonly #objects = new Map<string, KubernetesObject>();
  #events: StoreEvent[] = [];
  /** Of the oldest event that is still known, less one. */
  #oldest = 0;
  readonly changes = new EventEmitter<{ change: [] }>().setMaxListeners(0);
  version = 1;

  list(kind: Kind, namespace: string | undefined): readonly KubernetesObject[] {
    const prefix = namespace === undefined ? `${kind}/` : `${kind}/${namespace}/`;
    return [...this.#objects].flatMap(([key, object]) => (key.startsWith(prefix) ? [object] : []));
  }

  get(kind: Kind, namespace: string, name: string): KubernetesObject | undefined {
    return this.#objects.get(`${kind}/${namespace}/${name}`);
  }

  /**
   * Writes an object. What has a `resourceVersion` takes the place of that version alone.
   * @throws {StoreConflict}
   */
  put(kind: Kind, object: KubernetesObject): KubernetesObject {
    const { namespace, name, resourceVersion } = object.metadata;
    const key = `${kind}/${namespace}/${name}`;
    const before = this.#objects.get(key);
    if (resourceVersion !== undefined && resourceVersion !== before?.metadata.resourceVersion) {
      throw new StoreConflict(`${key} is of version ${before?.metadata.resourceVersion}, not ${resourceVersion}`);
    }
    this.version += 1;
    const written: KubernetesObject = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: before?.metadata.uid ?? randomUUID(),
        creationTimestamp:
          before?.metadata.creationTimestamp ?? object.metadata.creationTimestamp ?? new Date().toISOString(),
        resourceVersion: String(this.version),
      },
    };
    this.#objects.set(key, written);
    this.#tell(kind, before === undefined ? 'ADDED' : 'MODIFIED', written);
    return written;
  }

  delete(kind: Kind, namespace: string, name: string): void {
    const key = `${kind}/${namespace}/${name}`;
    const object = this.#objects.get(key);
    if (object === undefined) return;
    this.#objects.delete(key);
    this.version += 1;
    this.#tell(kind, 'DELETED', {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(this.version) },
    });
  }

  /** What happened after a version; undefined: that is forgotten. */
  after(version: number): readonly StoreEvent[] | undefined {
    if (version < this.#oldest) return undefined;
    return this.#events.filter((event) => event.version > version);
  }

  /** Forgets what happened, as a server does after some minutes. */
  forget(): void {
    this.#events = [];
    this.#oldest = this.version;
  }

  #tell(kind: Kind, type: StoreEvent['type'], object: KubernetesObject): void {
    this.#events.push({ kind, type, version: this.version, object });
    this.changes.emit('change');
  }
}
