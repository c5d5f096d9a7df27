import { setTimeout as delay } from 'node:timers/promises';
import { checkBackends } from './backend-list.js';
import type { Discovery, DiscoveryEvent } from './discovery.js';
import type { DnsDiscoveryConfig } from './discovery-config.js';
import { type AddressRecord, askForBackends, type DnsBackends } from './dns-backends.js';
import { DnsLookup } from './dns-lookup.js';
import { afterOutcome, type DnsMemory } from './dns-memory.js';
import { Teller } from './teller.js';

/** Backends in DNS: the targets of SRV records, or the addresses of a name. Asked again when the smallest TTL is over. */
export class DnsDiscovery implements Discovery {
  readonly name: string;
  readonly #config: DnsDiscoveryConfig;
  readonly #types: readonly AddressRecord[];
  readonly #lookup: DnsLookup;
  readonly #teller = new Teller();
  readonly #end = new AbortController();
  #asking: Promise<void> | undefined;

  /** @param types  of addresses that the service can use */
  constructor(config: DnsDiscoveryConfig, types: readonly AddressRecord[] = ['A', 'AAAA']) {
    this.name = `dns ${config.records.name}`;
    this.#config = config;
    this.#types = types;
    this.#lookup = new DnsLookup(config.resolvers, config.timeoutMs);
  }

  follow(listener: (event: DiscoveryEvent) => void): void {
    this.#teller.follow(listener);
    this.#asking = this.#askOn(this.#end.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#teller.close();
    this.#end.abort();
    await this.#asking;
  }

  async #askOn(signal: AbortSignal): Promise<void> {
    for (let memory: DnsMemory = { failures: 0 }; !signal.aborted; ) {
      const found = await askForBackends(this.#config.records, this.#types, this.#lookup, signal).catch(
        (error: Error) => error,
      );
      if (signal.aborted) return;
      const step = this.#afterAnswer(memory, found);
      memory = step.memory;
      await delay(step.askInMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  #afterAnswer(memory: DnsMemory, found: DnsBackends | Error) {
    const now = performance.now();
    if (found instanceof Error) {
      const step = afterOutcome(memory, { kind: 'failed' }, now, this.#config);
      return this.#tell(step, found.message);
    }
    const { backends, problems } = checkBackends(found.entries);
    const allProblems = [...found.problems, ...problems];
    if (found.entries.length > 0) {
      const step = afterOutcome(memory, { kind: 'found', backends, ttlSeconds: found.ttlSeconds }, now, this.#config);
      return this.#tell(step, allProblems.length === 0 ? undefined : allProblems.join('\n'));
    }
    const step = afterOutcome(memory, { kind: 'none', ttlSeconds: found.ttlSeconds }, now, this.#config);
    return this.#tell(step, [`no records of ${this.#config.records.name} name a backend`, ...allProblems].join('\n'));
  }

  #tell<Step extends { readonly memory: DnsMemory }>(step: Step, trouble: string | undefined): Step {
    if (step.memory.backends !== undefined) this.#teller.backends(step.memory.backends);
    this.#teller.trouble(trouble);
    return step;
  }
}
