import type { CoreV1Event } from '@kubernetes/client-node';
import { type ApiConnection, answered, statusCode } from './api-connection.js';
import type { LoadBalancerService } from './load-balancer-service.js';
import type { ServiceProblem } from './service-problem.js';

interface EventOptions {
  readonly api: ApiConnection;
  /** Of this node. */
  readonly instance: string;
}

/** Events of Services: what `kubectl describe service` shows. Each problem is told once, until it is over. */
export class ServiceEvents {
  readonly #options: EventOptions;
  /** By uid of the Service and text. */
  readonly #told = new Set<string>();

  constructor(options: EventOptions) {
    this.#options = options;
  }

  /**
   * @param problems  all that there are now
   * @throws the first error; the other problems are told all the same, unless the server is away
   */
  async tell(
    services: readonly LoadBalancerService[],
    problems: readonly ServiceProblem[],
    signal: AbortSignal,
  ): Promise<void> {
    const byKey = new Map(services.map((service) => [service.key, service]));
    const now = new Map<string, { readonly service: LoadBalancerService; readonly problem: ServiceProblem }>(
      problems.flatMap((problem) => {
        const service = byKey.get(problem.service);
        if (service === undefined) return [];
        return [[`${service.uid} ${problem.reason} ${problem.message}`, { service, problem }] as const];
      }),
    );
    for (const id of this.#told) if (!now.has(id)) this.#told.delete(id);
    const errors: unknown[] = [];
    for (const [id, { service, problem }] of now) {
      if (this.#told.has(id)) continue;
      try {
        await this.#create(service, 'Warning', problem.reason, problem.message, signal);
        this.#told.add(id);
      } catch (error) {
        errors.push(error);
        if (statusCode(error) === undefined) break;
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  async assigned(service: LoadBalancerService, addresses: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#create(service, 'Normal', 'AddressAssigned', `has ${addresses.join(', ')}`, signal);
  }

  async #create(
    service: LoadBalancerService,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { api, instance } = this.#options;
    const { namespace, name, uid } = service;
    const now = new Date();
    const body: CoreV1Event = {
      metadata: { generateName: `${name}.`, namespace },
      involvedObject: { apiVersion: 'v1', kind: 'Service', name, namespace, uid },
      type,
      reason,
      message: message.slice(0, MESSAGE_MAX),
      source: { component: 'weir', host: instance },
      reportingComponent: 'weir.io/lb-node',
      reportingInstance: instance,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    };
    await answered(api.core.createNamespacedEvent({ namespace, body }), signal);
  }
}

/** An API server refuses longer ones (core/v1 validation, NoteLengthLimit). */
const MESSAGE_MAX = 1024;
