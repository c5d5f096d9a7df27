import type { ClusterLog } from '../cluster/cluster-log.js';
import { type ApiConnection, apiTroubleText } from './api-connection.js';
import { endpointSlicesOf, servicesOf } from './api-resources.js';
import { type EndpointSlice, endpointSlice } from './endpoint-slice.js';
import { followResource, type Resource } from './follow-resource.js';
import type { KubernetesConfig } from './kubernetes-config.js';
import { type LoadBalancerService, loadBalancerService } from './load-balancer-service.js';
import { Objects } from './objects.js';

interface ViewOptions {
  readonly config: KubernetesConfig;
  readonly api: ApiConnection;
  readonly logger: ClusterLog;
  onChange(): void;
}

/** What is watched as one. */
interface Scope {
  readonly resource: Resource;
  readonly objects: Pick<Objects<unknown>, 'replace' | 'change' | 'remove'>;
  /** Whether a change of it matters. */
  isOurs(object: unknown): boolean;
  end: AbortController;
  following: Promise<void>;
}

const NOT_FOLLOWED = { end: new AbortController(), following: Promise.resolve() };

/** Services and endpoints of a cluster as they are known, kept up to date. What is known stays while the server is away. */
export class ClusterView implements AsyncDisposable {
  readonly #options: ViewOptions;
  readonly #services: Objects<LoadBalancerService>;
  readonly #slices: Objects<EndpointSlice>;
  readonly #scopes: readonly Scope[];
  /** Paths of what was read since the start. */
  readonly #read = new Set<string>();
  /** By path: watches that are in trouble, and in which. */
  readonly #troubles = new Map<string, string>();
  #isClosed = false;
  /** One at a time: two would watch everything twice. */
  #refreshing = Promise.resolve();
  #endFirstRound: () => void = () => {};
  /** Resolves when everything has been read, or the server was in trouble once. */
  readonly firstRound = new Promise<void>((resolve) => {
    this.#endFirstRound = resolve;
  });

  constructor(options: ViewOptions) {
    this.#options = options;
    const { api, config } = options;
    this.#services = new Objects((object) => loadBalancerService(object, config.loadBalancerClass));
    this.#slices = new Objects(endpointSlice);
    const namespaces = config.namespaces.length > 0 ? config.namespaces : [undefined];
    this.#scopes = namespaces.flatMap((namespace): Scope[] => [
      { resource: servicesOf(api, namespace), objects: this.#services, isOurs: () => true, ...NOT_FOLLOWED },
      {
        resource: endpointSlicesOf(api, namespace),
        objects: this.#slices,
        // Most are of Services that nobody balances.
        isOurs: (object) => this.#services.has(endpointSlice(object)?.service ?? ''),
        ...NOT_FOLLOWED,
      },
    ]);
    for (const scope of this.#scopes) this.#follow(scope);
  }

  /** Whether all was read since the start; what is known before is not the whole. */
  get isWhole(): boolean {
    return this.#read.size === this.#scopes.length;
  }

  /** Absent: all watches are up. */
  get trouble(): string | undefined {
    return this.#troubles.values().next().value;
  }

  services(): readonly LoadBalancerService[] {
    return this.#services.all();
  }

  slices(): readonly EndpointSlice[] {
    return this.#slices.all();
  }

  /** Reads everything anew, now. {@link isWhole} says when that is done. */
  refresh(): Promise<void> {
    this.#read.clear();
    this.#refreshing = this.#refreshing.then(async () => {
      await this.#unfollow();
      this.#read.clear();
      for (const scope of this.#scopes) this.#follow(scope);
    });
    return this.#refreshing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#refreshing;
    await this.#unfollow();
  }

  async #unfollow(): Promise<void> {
    for (const { end } of this.#scopes) end.abort();
    await Promise.all(this.#scopes.map(({ following }) => following));
  }

  #follow(scope: Scope): void {
    if (this.#isClosed) return;
    const { api, onChange } = this.#options;
    const { resource, objects, isOurs } = scope;
    const changed = (isOther: boolean) => {
      if (isOther && this.isWhole) onChange();
    };
    const listener = {
      onList: (list: readonly unknown[]) => {
        objects.replace(resource.path, list);
        this.#read.add(resource.path);
        this.#back(resource.path);
        if (this.isWhole) this.#endFirstRound();
        changed(true);
      },
      onChanged: (object: unknown) => changed(objects.change(object, resource.path) && isOurs(object)),
      onDeleted: (object: unknown) => changed(objects.remove(object) && isOurs(object)),
      onTrouble: (error: unknown) => this.#lost(resource.path, error),
      onWatched: () => this.#back(resource.path),
    };
    scope.end = new AbortController();
    scope.following = followResource(api, resource, listener, scope.end.signal);
  }

  #lost(scope: string, error: unknown): void {
    const { api, logger } = this.#options;
    const text = `the API server at ${api.server} ${apiTroubleText(error)}`;
    const isKnown = [...this.#troubles.values()].includes(text);
    this.#troubles.set(scope, text);
    this.#endFirstRound();
    if (!isKnown) {
      logger.warn({ event: 'kubernetes_lost', server: api.server, resource: scope }, `${text}; what is in force stays`);
    }
  }

  #back(scope: string): void {
    const { api, logger } = this.#options;
    if (!this.#troubles.delete(scope) || this.#troubles.size > 0) return;
    logger.info({ event: 'kubernetes_back', server: api.server }, `the API server at ${api.server} answers`);
  }
}
