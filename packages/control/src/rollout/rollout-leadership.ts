import { randomUUID } from 'node:crypto';
import type { Etcd3 } from 'etcd3';
import { clusterPrefix } from '../cluster/cluster-key.js';
import { parseJson } from '../cluster/cluster-value.js';
import type { EtcdConfig } from '../cluster-config.js';
import { LeasedKey } from '../etcd/leased-key.js';
import type { Guard } from './rollout-etcd.js';

/** One candidate for the key `rollout-leader`, which its lease keeps: who has it leads. */
export class RolloutLeadership {
  readonly #text: string;
  readonly #fullKey: string;
  readonly #key: LeasedKey;
  #isLeader = false;

  constructor({ cluster, leaseMs, timeoutMs }: EtcdConfig, node: string) {
    const text = JSON.stringify({ node, candidate: randomUUID() });
    this.#text = text;
    this.#fullKey = `${clusterPrefix(cluster)}rollout-leader`;
    this.#key = new LeasedKey({
      key: this.#fullKey,
      leaseMs,
      timeoutMs,
      value: () => text,
      isOwn: (found) => found === text,
    });
  }

  /** As of the last step; a {@link guard} alone is certain. */
  get isLeader(): boolean {
    return this.#isLeader;
  }

  /** What holds as long as this candidate leads: a deposed one writes nothing. */
  get guard(): Guard {
    return { key: this.#fullKey, text: this.#text };
  }

  /** Takes the key if it is free, and keeps it. @returns the node that leads @throws what etcd says */
  async step(client: Etcd3): Promise<string> {
    this.#isLeader = false;
    const step = await this.#key.step(client);
    this.#isLeader = step.kind === 'held';
    return nodeOf(step.kind === 'held' ? this.#text : step.text);
  }

  /** The key may be gone, or somebody else's: the next step looks. */
  doubt(): void {
    this.#isLeader = false;
    this.#key.forget();
  }

  /** @throws what etcd says */
  async release(client: Etcd3): Promise<void> {
    this.#isLeader = false;
    await this.#key.release(client);
  }
}

function nodeOf(text: string): string {
  const parsed = parseJson(text);
  return ('json' in parsed && (parsed.json as { node?: string } | null)?.node) || 'another node';
}
