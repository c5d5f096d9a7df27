import type { Persistence } from '../dataplane.js';
import { networkText } from './network-list.js';
import type { Backend, Service } from './service.js';
import { isExpired, timeoutTicks } from './ticks.js';

interface Template {
  readonly backend: Backend;
  readonly lastSeen: number;
}

/** What a decision does with them. */
export type ClientNetworks = Pick<PersistentClients, 'find' | 'remember'>;

/** Which backend the network of a client had. @see ipvsadm(8), --persistent */
export class PersistentClients {
  readonly #networksMax: number;
  /** The least recently given first. */
  readonly #templates = new Map<Service, Map<string, Template>>();

  constructor(networksMax: number) {
    this.#networksMax = networksMax;
  }

  find(service: Service, persistence: Persistence, client: Uint8Array, nowTicks: number): Backend | undefined {
    const template = this.#templates.get(service)?.get(networkOf(client, persistence));
    if (template === undefined || !template.backend.inForce) return undefined;
    const isOver = isExpired(template.lastSeen, timeoutTicks(persistence.timeoutMs), nowTicks);
    return isOver ? undefined : template.backend;
  }

  /** A new flow of the client's network: it has this backend from now on. */
  remember(backend: Backend, persistence: Persistence, client: Uint8Array, nowTicks: number): void {
    const ofService = this.#templates.get(backend.service) ?? new Map<string, Template>();
    this.#templates.set(backend.service, ofService);
    const network = networkOf(client, persistence);
    ofService.delete(network);
    const [oldest] = ofService.keys();
    if (ofService.size === this.#networksMax && oldest !== undefined) ofService.delete(oldest);
    ofService.set(network, { backend, lastSeen: nowTicks });
  }

  /** The same networks for a packet that changes nothing. */
  asSeen(): ClientNetworks {
    return { find: (...asked) => this.find(...asked), remember() {} };
  }

  forget(service: Service): void {
    this.#templates.delete(service);
  }
}

function networkOf(client: Uint8Array, { prefix4, prefix6 }: Persistence): string {
  return networkText(client, client.byteLength === 4 ? prefix4 : prefix6);
}
