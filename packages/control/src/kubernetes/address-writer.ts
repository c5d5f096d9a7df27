import { Bursts } from '../cluster/bursts.js';
import type { ClusterLog } from '../cluster/cluster-log.js';
import { type ApiConnection, answered, apiTroubleText, MERGE_PATCH, statusCode } from './api-connection.js';
import type { ClusterView } from './cluster-view.js';
import type { AddressPool } from './kubernetes-config.js';
import type { LoadBalancerService } from './load-balancer-service.js';
import { type AddressChange, planAddresses } from './plan-addresses.js';
import { ServiceEvents } from './service-events.js';
import type { ServiceProblem } from './service-problem.js';

interface WriterOptions {
  readonly api: ApiConnection;
  readonly view: ClusterView;
  readonly logger: ClusterLog;
  /** Of this node. */
  readonly instance: string;
  pools(): readonly AddressPool[];
  /** Addresses that Services can't have, and who has them. */
  foreign(): ReadonlyMap<string, string>;
  /** What keeps Services from being served, but for their addresses. */
  problems(): readonly ServiceProblem[];
}

/** A write that the view does not show yet. */
interface Written {
  /** Version that it was made of. */
  readonly from: string;
  readonly addresses: readonly string[];
}

/** After a failed write all is looked at again so much later; longer and longer, while it keeps failing. */
const RETRY_MS = { first: 1000, last: 60_000 } as const;

/** Gives Services addresses, and tells their authors what is wrong; while this node is the one that may. */
export class AddressWriter implements AsyncDisposable {
  readonly #options: WriterOptions;
  readonly #events: ServiceEvents;
  readonly #written = new Map<string, Written>();
  readonly #end = new AbortController();
  /** Until it aborts this node may write. Absent: it was not the one that may yet. */
  #lease: AbortSignal | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** What could not be written, as it was told; until all could. */
  readonly #troubles = new Set<string>();
  /** Looks in a row after which something was left to be written. */
  #failures = 0;
  #isAnyLeft = false;
  readonly #bursts = new Bursts(
    () => this.#work(),
    (error) => this.#failed(error),
  );

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#events = new ServiceEvents(options);
  }

  /**
   * This node may write, until `signal` aborts. Everything is read anew first: what the last writer wrote may not have
   * arrived yet, and an address would be given twice.
   */
  begin(signal: AbortSignal): void {
    this.#written.clear();
    void this.#options.view.refresh().then(() => {
      this.#lease = signal;
      this.#bursts.push();
    });
  }

  /** Something has changed. */
  look(): void {
    if (this.#mayWrite()) this.#bursts.push();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    clearTimeout(this.#retry);
    await this.#bursts[Symbol.asyncDispose]();
  }

  get #isWriter(): boolean {
    return this.#lease?.aborted === false && !this.#end.signal.aborted;
  }

  #mayWrite(): boolean {
    return this.#isWriter && this.#options.view.isWhole;
  }

  async #work(): Promise<void> {
    const lease = this.#lease;
    if (lease === undefined || !this.#mayWrite()) return;
    const signal = AbortSignal.any([lease, this.#end.signal]);
    const { pools, foreign, problems } = this.#options;
    const services = this.#services();
    const plan = planAddresses(services, pools(), foreign());
    this.#isAnyLeft = false;
    for (const change of plan.changes) {
      if (!this.#mayWrite()) return;
      await this.#write(change, signal).catch((error) => this.#passOver(change, error));
    }
    await this.#events
      .tell(services, [...plan.problems, ...problems()], signal)
      .catch((error) => this.#tellTrouble(error, 'Events'));
    if (this.#isAnyLeft) return this.#lookLater();
    this.#troubles.clear();
    this.#failures = 0;
  }

  /** Services as they are known, with what was written to them since. */
  #services(): readonly LoadBalancerService[] {
    const services = this.#options.view.services();
    const keys = new Set(services.map(({ key }) => key));
    for (const key of this.#written.keys()) if (!keys.has(key)) this.#written.delete(key);
    return services.map((service) => {
      const written = this.#written.get(service.key);
      if (written?.from === service.resourceVersion) return { ...service, ingress: written.addresses };
      this.#written.delete(service.key);
      return service;
    });
  }

  async #write({ service, addresses }: AddressChange, signal: AbortSignal): Promise<void> {
    const { api, logger } = this.#options;
    const { key, namespace, name, resourceVersion } = service;
    const ingress = addresses.map((ip) => ({ ip }));
    const body = { metadata: { resourceVersion }, status: { loadBalancer: { ingress } } };
    await answered(api.core.patchNamespacedServiceStatus({ name, namespace, body }, MERGE_PATCH), signal);
    this.#written.set(key, { from: resourceVersion, addresses });
    if (addresses.length === 0) {
      logger.warn(
        { event: 'kubernetes_address_released', service: key },
        `Service ${key} has no address any more; it had ${service.ingress.join(', ')}`,
      );
      return;
    }
    logger.info(
      { event: 'kubernetes_address_assigned', service: key, addresses },
      `Service ${key} has ${addresses.join(', ')}`,
    );
    // The address is written, whether there is an Event or not.
    await this.#events.assigned(service, addresses, signal).catch((error) => this.#tellTrouble(error, 'Events'));
  }

  /**
   * The other Services get theirs all the same. Of one that somebody else changed meanwhile, or deleted, the watch tells.
   * @throws any error that is not of this Service alone
   */
  #passOver({ service }: AddressChange, error: unknown): void {
    const code = statusCode(error);
    if (code === undefined || NOT_OF_ONE.includes(code)) throw error;
    this.#isAnyLeft = true;
    if (code !== 409 && code !== 404) this.#tellTrouble(error, `addresses of Service ${service.key}`, service.key);
  }

  #lookLater(): void {
    clearTimeout(this.#retry);
    const afterMs = Math.min(RETRY_MS.first * 2 ** this.#failures, RETRY_MS.last);
    this.#failures = Math.min(this.#failures + 1, 16);
    this.#retry = setTimeout(() => this.look(), afterMs).unref();
  }

  #failed(error: Error): void {
    if (!this.#isWriter) return;
    this.#tellTrouble(error, 'addresses');
    this.#lookLater();
  }

  /** @param service  key of it, where it is of one alone */
  #tellTrouble(error: unknown, what: string, service?: string): void {
    if (!this.#isWriter) return;
    this.#isAnyLeft = true;
    const text = `${what} can't be written: the API server at ${this.#options.api.server} ${apiTroubleText(error)}`;
    if (this.#troubles.has(text)) return;
    this.#troubles.add(text);
    this.#options.logger.warn(
      {
        event: 'kubernetes_not_written',
        error: (error as Error).message,
        ...(service === undefined ? {} : { service }),
      },
      `${text}; it is tried again`,
    );
  }
}

/** Too little is right, or too much is asked: the next Service would be answered the same. */
const NOT_OF_ONE: readonly number[] = [401, 429, 503];
