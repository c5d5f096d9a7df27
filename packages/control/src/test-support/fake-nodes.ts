import { setTimeout as wait } from 'node:timers/promises';
import { clusterPrefix } from '../cluster/cluster-key.js';
import type { EtcdConfig, FollowedBackend, NodeRecord } from '../cluster-config.js';
import { connectEtcd, type EtcdConnection } from '../etcd/etcd-connection.js';
import { rangeEnd } from '../etcd/key-range.js';
import { mappingOf } from '../rollout/rollout-view.js';

const TICK_MS = 50;

/** A node without a data plane: it says of itself what a real one would, and does what its key wants. */
export class FakeNode {
  life = 1;
  version: string;
  connections = 0;
  packets = 0;
  errors = 0;
  packetsPerTick = 10;
  errorsPerTick = 0;
  sessionsUp = 1;
  tables = 'equal';
  isRegistered = true;
  /** States in the order in which it was in them, with its life. */
  readonly history: string[] = [];
  /** What its key says. */
  wish: Readonly<Record<string, unknown>> = {};

  constructor(
    readonly name: string,
    version = '1.0',
  ) {
    this.version = version;
  }

  get instance(): string {
    return `${this.name}-${this.life}`;
  }

  get state(): 'active' | 'draining' {
    return this.wish.state === 'draining' ? 'draining' : 'active';
  }

  /** What systemd does with a daemon that ends itself. */
  tick(): void {
    if (this.wish.restart === this.instance) this.life += 1;
    this.packets += this.packetsPerTick;
    this.errors += this.errorsPerTick;
    const entry = `${this.state} ${this.life}`;
    if (this.history.at(-1) !== entry) this.history.push(entry);
  }

  record(followed: NonNullable<NonNullable<NodeRecord['condition']>['followed']>): NodeRecord {
    const { name, instance, state, version, connections, packets, errors, tables } = this;
    return {
      name,
      instance,
      state,
      version,
      addresses: ['10.0.0.11'],
      announces: [],
      condition: {
        sessions: { up: this.sessionsUp, configured: 1 },
        tables,
        replication: 'current',
        connections,
        packets,
        errors,
        backends: { usable: 2, all: 2 },
        followed,
        ...(typeof this.wish.step === 'string' ? { rolloutStep: this.wish.step } : {}),
      },
    };
  }
}

/** Nodes that write their records to etcd until they are disposed of; away from etcd they try again. */
export class FakeNodes implements AsyncDisposable {
  readonly nodes: readonly FakeNode[];
  /** Connections by `SERVICE/BACKEND`, at each node; undefined: it does not know. */
  readonly backendConnections = new Map<string, number | undefined>();
  readonly #config: EtcdConfig;
  readonly #closed = new AbortController();
  readonly #task: Promise<void>;

  constructor(config: EtcdConfig, ...nodes: FakeNode[]) {
    this.#config = config;
    this.nodes = nodes;
    this.#task = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await this.#task;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      try {
        using connection = await connectEtcd(
          this.#config,
          this.#config.endpoints[0] as EtcdConfig['endpoints'][number],
        );
        while (!signal.aborted) {
          await this.#tick(connection);
          await wait(TICK_MS, undefined, { signal }).catch(() => {});
        }
      } catch {
        await wait(TICK_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #tick({ client }: EtcdConnection): Promise<void> {
    const prefix = clusterPrefix(this.#config.cluster);
    const keys = await this.#read(client, prefix);
    for (const node of this.nodes) {
      node.wish = mappingOf(keys.get(`node-states/${node.name}`));
      node.tick();
      const key = Buffer.from(`${prefix}nodes/${node.name}`);
      if (!node.isRegistered) await client.kv.deleteRange({ key });
      else await client.kv.put({ key, value: Buffer.from(JSON.stringify(node.record(this.#followed(keys)))) });
    }
  }

  async #read(client: EtcdConnection['client'], prefix: string): Promise<Map<string, string>> {
    const { kvs } = await client.kv.range({ key: Buffer.from(prefix), range_end: rangeEnd(prefix) });
    return new Map(kvs.map(({ key, value }) => [key.toString().slice(prefix.length), value.toString()]));
  }

  #followed(keys: ReadonlyMap<string, string>): Record<string, FollowedBackend> {
    const names = [...keys.keys()].filter((key) => key.startsWith('backends/')).map((key) => key.slice(9));
    return Object.fromEntries(names.map((name) => [name, { usable: true, ...this.#connectionsTo(name) }]));
  }

  #connectionsTo(name: string): Pick<FollowedBackend, 'connections'> {
    if (!this.backendConnections.has(name)) return { connections: 0 };
    const connections = this.backendConnections.get(name);
    return connections === undefined ? {} : { connections };
  }
}
