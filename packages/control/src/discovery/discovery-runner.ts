import { setTimeout as delay } from 'node:timers/promises';
import { crossesFamilies } from '../forwarding-needs.js';
import { isIpv6 } from '../ip-address-schema.js';
import type { NodeConfig } from '../node-config.js';
import type { ServiceConfig } from '../service-config.js';
import type { DiscoveredBackend, Discovery } from './discovery.js';
import type { DiscoveryConfig } from './discovery-config.js';
import { DnsDiscovery } from './dns-discovery.js';
import { FileDiscovery } from './file-discovery.js';
import { ServiceSources } from './service-sources.js';

/** A wait is counted in pieces of this: a process that stood still has lost one of them, and not its time to read answers. */
const PIECE_MS = 100;

export interface DiscoveryTrouble {
  readonly service: string;
  /** Name of the source. */
  readonly source: string;
  readonly message: string;
}

export interface DiscoveryRunnerOptions {
  /** Something else was found; {@link DiscoveryRunner.found} says what. */
  onChange(): void;
  onTrouble(trouble: DiscoveryTrouble): void;
}

/** Runs the sources of all services. `set` says which there should be, the difference is found. */
export class DiscoveryRunner implements AsyncDisposable {
  readonly #options: DiscoveryRunnerOptions;
  readonly #services = new Map<string, ServiceSources>();
  readonly #closing = new Set<Promise<void>>();
  #onTold = () => {};

  constructor(options: DiscoveryRunnerOptions) {
    this.#options = options;
  }

  set({ services }: Pick<NodeConfig, 'services'>): void {
    const wanted = new Map(
      services.filter(({ discovery }) => discovery !== undefined).map((service) => [service.name, service]),
    );
    for (const [name, sources] of this.#services) {
      if (wanted.has(name)) continue;
      this.#services.delete(name);
      const closing = sources[Symbol.asyncDispose]().finally(() => this.#closing.delete(closing));
      this.#closing.add(closing);
    }
    for (const [name, service] of wanted) {
      const sources = this.#services.get(name) ?? this.#sourcesOf(name);
      this.#services.set(name, sources);
      sources.set(service);
    }
  }

  /** By name of the service. */
  found(): ReadonlyMap<string, readonly DiscoveredBackend[]> {
    return new Map([...this.#services].map(([name, sources]) => [name, sources.backends()]));
  }

  /** Resolves when each source has told something, when the time is over, or when the signal aborts. */
  async settled(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const told = new AbortController();
    this.#onTold = () => {
      if ([...this.#services.values()].every(({ haveAllTold }) => haveAllTold)) told.abort();
    };
    this.#onTold();
    const end = AbortSignal.any([told.signal, signal]);
    for (let leftMs = timeoutMs; leftMs > 0 && !end.aborted; leftMs -= PIECE_MS) {
      await delay(Math.min(leftMs, PIECE_MS), undefined, { signal: end }).catch(() => {});
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#services.values()].map((sources) => sources[Symbol.asyncDispose]()));
    this.#services.clear();
    await Promise.all(this.#closing);
  }

  #sourcesOf(service: string): ServiceSources {
    return new ServiceSources({
      open: openDiscovery,
      onBackends: () => {
        this.#onTold();
        this.#options.onChange();
      },
      onTrouble: (source, message) => this.#options.onTrouble({ service, source, message }),
    });
  }
}

/** Addresses of a family that the service can't use are not asked for. */
function openDiscovery(source: DiscoveryConfig, { method, listeners }: ServiceConfig): Discovery {
  if (source.kind === 'file') return new FileDiscovery(source.file);
  if (crossesFamilies(method)) return new DnsDiscovery(source);
  return new DnsDiscovery(source, [listeners.some(({ vip }) => isIpv6(vip)) ? 'AAAA' : 'A']);
}
