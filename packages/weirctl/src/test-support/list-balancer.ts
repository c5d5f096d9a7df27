import { parseNodeConfig, type ServiceInput } from '@weir/control';
import { stringify } from 'yaml';
import type { Balancer, BalancerCounters, BalancerFlow } from '../ipvsadm/balancer.js';
import type { Remembered, RememberedStore } from '../ipvsadm/remembered.js';

const node = {
  node: { name: 'lb1', interfaces: ['eth0'], address: '10.9.0.1' },
  nodes: {
    members: [
      { name: 'lb1', address: '10.9.0.1' },
      { name: 'lb2', address: '10.9.0.2' },
    ],
  },
};

/** What `lb-node --check` says of these services on some node. @throws InvalidConfigError */
export function checkServices(sections: Readonly<Record<string, unknown>>) {
  return parseNodeConfig(stringify({ ...node, ...sections }), 'weir.yaml');
}

/** Services in a list, by the rules of weir.yaml; flows and counters are as they are given. */
export class ListBalancer implements Balancer {
  applied: string[] = [];
  #entries = new Map<string, { service: ServiceInput; revision: string }>();
  #lastRevision = 0;
  #timeouts = { syn: 60, established: 900, fin: 120, closed: 10, udp: 300, other: 300 };

  constructor(
    services: readonly ServiceInput[] = [],
    readonly given: { counters?: BalancerCounters; flows?: readonly BalancerFlow[] } = {},
  ) {
    for (const service of services) this.#put(service);
  }

  async services() {
    return [...this.#entries.values()];
  }

  async apply(service: ServiceInput, revision: string | undefined) {
    if (this.#entries.get(service.name)?.revision !== revision)
      throw new Error(`${service.name} is not at ${revision}`);
    this.applied.push(service.name);
    this.#put(service);
    checkServices({ services: [...this.#entries.values()].map((entry) => entry.service) });
  }

  async remove(name: string, revision: string) {
    if (this.#entries.get(name)?.revision !== revision) throw new Error(`${name} is not at ${revision}`);
    this.#entries.delete(name);
  }

  async counters() {
    return this.given.counters ?? new Map();
  }

  async rates() {
    return this.given.counters ?? new Map();
  }

  async *flows() {
    yield* this.given.flows ?? [];
  }

  async timeouts() {
    return this.#timeouts;
  }

  async setTimeouts(seconds: Parameters<Balancer['setTimeouts']>[0]) {
    this.#timeouts = { ...this.#timeouts, ...seconds };
  }

  async flowCapacity() {
    return 1_048_576;
  }

  #put(service: ServiceInput) {
    this.#entries.set(service.name, { service, revision: `${++this.#lastRevision}` });
  }
}

/** Remembers as long as it is there. */
export function rememberedInMemory(): RememberedStore {
  let remembered: Remembered = { pending: [], zeroed: {} };
  return {
    read: async () => remembered,
    write: async (next) => {
      remembered = next;
    },
  };
}
