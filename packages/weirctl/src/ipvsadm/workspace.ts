import type { ServiceInput } from '@weir/control';
import type { Balancer } from './balancer.js';
import type { FirewallMarks } from './firewall-marks.js';
import { listenerOf } from './import-rules.js';
import { familyOf, type MarkKey, markOfService } from './mark-service.js';
import type { ListenerInput } from './placed-service.js';
import type { Remembered, RememberedStore } from './remembered.js';
import { keyText, type ServiceKey, type VirtualService } from './virtual-service.js';

/** What a key of ipvsadm means here. */
export type FoundService =
  | { readonly kind: 'service'; readonly service: ServiceInput; readonly listener: ListenerInput }
  | { readonly kind: 'pending'; readonly service: VirtualService };

/** Services as commands change them, one after the other; nothing is applied before {@link Workspace.commit}. */
export class Workspace {
  readonly #balancer: Balancer;
  readonly #store: RememberedStore;
  readonly marks: FirewallMarks;
  /** As they were found, by name. */
  readonly #revisions: ReadonlyMap<string, string>;
  readonly #services: Map<string, ServiceInput>;
  readonly #changed = new Set<string>();
  readonly #remembered: Remembered;
  #pending: readonly VirtualService[];

  private constructor(
    balancer: Balancer,
    store: RememberedStore,
    services: readonly { service: ServiceInput; revision: string }[],
    remembered: Remembered,
    marks: FirewallMarks,
  ) {
    this.marks = marks;
    this.#balancer = balancer;
    this.#store = store;
    this.#revisions = new Map(services.map(({ service, revision }) => [service.name, revision]));
    this.#services = new Map(services.map(({ service }) => [service.name, service]));
    this.#remembered = remembered;
    this.#pending = remembered.pending;
  }

  /** @param marks  the listeners of firewall marks */
  static async open(balancer: Balancer, store: RememberedStore, marks: FirewallMarks = new Map()): Promise<Workspace> {
    return new Workspace(balancer, store, await balancer.services(), await store.read(), marks);
  }

  get services(): readonly ServiceInput[] {
    return [...this.#services.values()];
  }

  /** Added and without a real server. */
  get pending(): readonly VirtualService[] {
    return this.#pending;
  }

  find(key: ServiceKey): FoundService | undefined {
    const isWanted = key.kind === 'mark' ? ofMark(key) : ofListener(listenerOf(key));
    for (const service of this.#services.values()) {
      const listener = listenersOf(service).find((one) => isWanted(service, one));
      if (listener !== undefined) return { kind: 'service', service, listener };
    }
    const pending = this.#pending.find((service) => keyText(service.key) === keyText(key));
    return pending === undefined ? undefined : { kind: 'pending', service: pending };
  }

  /** Puts a service in place of the one that has its name. */
  put(service: ServiceInput): void {
    this.#services.set(service.name, service);
    this.#changed.add(service.name);
  }

  remove(name: string): void {
    this.#services.delete(name);
    this.#changed.add(name);
  }

  /** Puts a service without real servers in place of the one that has its key. */
  putPending(service: VirtualService): void {
    this.removePending(service.key);
    this.#pending = [...this.#pending, service];
  }

  removePending(key: ServiceKey): void {
    this.#pending = this.#pending.filter((service) => keyText(service.key) !== keyText(key));
  }

  clear(): void {
    for (const name of [...this.#services.keys()]) this.remove(name);
    this.#pending = [];
  }

  /** Makes it so: first what goes, so that its listeners are free. */
  async commit(): Promise<void> {
    for (const name of this.#changed) {
      const revision = this.#revisions.get(name);
      if (!this.#services.has(name) && revision !== undefined) await this.#balancer.remove(name, revision);
    }
    for (const name of this.#changed) {
      const service = this.#services.get(name);
      if (service !== undefined) await this.#balancer.apply(service, this.#revisions.get(name));
    }
    if (this.#pending !== this.#remembered.pending) {
      await this.#store.write({ ...this.#remembered, pending: this.#pending });
    }
  }
}

/** Whichever way they are written. */
export function listenersOf({ listeners, vip, protocol, port }: ServiceInput): readonly ListenerInput[] {
  if (listeners !== undefined) return listeners;
  if (vip === undefined || port === undefined) return [];
  return [{ vip, port, ...(protocol === undefined ? {} : { protocol }) }];
}

type IsWanted = (service: ServiceInput, listener: ListenerInput) => boolean;

function ofMark({ mark, family }: MarkKey): IsWanted {
  return (service, listener) => markOfService(service) === mark && familyOf(listener) === family;
}

function ofListener(wanted: ListenerInput): IsWanted {
  return (_, listener) => isSame(listener, wanted);
}

export function isSame(a: ListenerInput, b: ListenerInput): boolean {
  return a.vip === b.vip && (a.protocol ?? 'tcp') === (b.protocol ?? 'tcp') && `${a.port}` === `${b.port}`;
}
