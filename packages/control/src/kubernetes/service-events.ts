import type { CoreV1Event } from '@kubernetes/client-node';
import { type ApiConnection, answered } from './api-connection.js';
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
  #told = new Set<string>();

  constructor(options: EventOptions) {
    this.#options = options;
  }

  /** @param problems  all that there are now */
  async tell(services: readonly LoadBalancerService[], problems: readonly ServiceProblem[]): Promise<void> {
    const byKey = new Map(services.map((service) => [service.key, service]));
    const now = new Set<string>();
    for (const { service: key, reason, message } of problems) {
      const service = byKey.get(key);
      if (service === undefined) continue;
      const id = `${service.uid} ${reason} ${message}`;
      now.add(id);
      if (this.#told.has(id)) continue;
      await this.#create(service, 'Warning', reason, message);
      this.#told.add(id);
    }
    for (const id of this.#told) if (!now.has(id)) this.#told.delete(id);
  }

  async assigned(service: LoadBalancerService, addresses: readonly string[]): Promise<void> {
    await this.#create(service, 'Normal', 'AddressAssigned', `has ${addresses.join(', ')}`);
  }

  async #create(
    service: LoadBalancerService,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
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
    await answered(api.core.createNamespacedEvent({ namespace, body }));
  }
}

/** An API server refuses longer ones (core/v1 validation, NoteLengthLimit). */
const MESSAGE_MAX = 1024;
