import type { ServiceConfig } from '../service-config.js';
import type { DiscoveredBackend, Discovery, DiscoveryEvent } from './discovery.js';
import type { DiscoveryConfig } from './discovery-config.js';

export interface ServiceSourcesOptions {
  open(source: DiscoveryConfig, service: ServiceConfig): Discovery;
  onBackends(): void;
  onTrouble(source: string, message: string): void;
}

interface RunningSource {
  readonly discovery: Discovery;
  /** Undefined: it told none yet. */
  backends: readonly DiscoveredBackend[] | undefined;
  hasTold: boolean;
}

/** The sources of one service. While new ones have told nothing yet, what the former ones found stays. */
export class ServiceSources implements AsyncDisposable {
  readonly #options: ServiceSourcesOptions;
  readonly #sources = new Map<string, RunningSource>();
  readonly #closing = new Set<Promise<void>>();
  #former: readonly DiscoveredBackend[] = [];

  constructor(options: ServiceSourcesOptions) {
    this.#options = options;
  }

  /** Opens and closes, so that the sources are those of the service. */
  set(service: ServiceConfig): void {
    const wanted = new Map((service.discovery ?? []).map((source) => [keyOf(source, service), source]));
    const left = this.#haveAllFound ? [] : this.#former;
    const former = new Map(this.#sources);
    this.#sources.clear();
    for (const [key, source] of wanted) {
      this.#sources.set(key, former.get(key) ?? this.#opened(source, service));
    }
    const gone = [...former].filter(([key]) => !wanted.has(key));
    for (const [, { discovery }] of gone) this.#close(discovery);
    this.#former = [...left, ...gone.flatMap(([, { backends = [] }]) => backends)];
    for (const [key, source] of this.#sources) if (!former.has(key)) this.#follow(source);
  }

  /** In the order of the sources. */
  backends(): readonly DiscoveredBackend[] {
    const found = [...this.#sources.values()].flatMap(({ backends = [] }) => backends);
    return this.#haveAllFound ? found : [...found, ...this.#former];
  }

  /** Has each source told something, be it trouble? */
  get haveAllTold(): boolean {
    return [...this.#sources.values()].every(({ hasTold }) => hasTold);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { discovery } of this.#sources.values()) this.#close(discovery);
    this.#sources.clear();
    await Promise.all(this.#closing);
  }

  get #haveAllFound(): boolean {
    return [...this.#sources.values()].every(({ backends }) => backends !== undefined);
  }

  #opened(source: DiscoveryConfig, service: ServiceConfig): RunningSource {
    return { discovery: this.#options.open(source, service), backends: undefined, hasTold: false };
  }

  #follow(running: RunningSource): void {
    running.discovery.follow((event) => this.#onEvent(running, event));
  }

  #onEvent(running: RunningSource, event: DiscoveryEvent): void {
    running.hasTold = true;
    if (event.kind === 'trouble') {
      this.#options.onTrouble(running.discovery.name, event.message);
    } else {
      running.backends = event.backends;
    }
    this.#options.onBackends();
  }

  #close(discovery: Discovery): void {
    const closing = Promise.resolve(discovery[Symbol.asyncDispose]()).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

/** A source is another one when anything of it differs that {@link ServiceSourcesOptions.open} looks at. */
function keyOf(source: DiscoveryConfig, { method, listeners }: ServiceConfig): string {
  return JSON.stringify([source, method, listeners.map(({ vip }) => vip)]);
}
