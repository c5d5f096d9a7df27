import type { FollowedBackend, NodeCondition, NodeConfig, ServiceConfig } from '@weir/control';
import { type Counters, type DropReason, type ForwardingTables, serviceId } from '@weir/dataplane';
import type { ReplicationStatus } from '@weir/state-sync';
import { serviceKeyOf } from './forwarding-tables.js';
import { memberId } from './member-id.js';
import type { Sessions } from './node-speaker.js';
import { remembersFlows } from './remembers-flows.js';
import { tablesDigest } from './tables-digest.js';
import { takesNewFlows } from './used-backends.js';

/** What a pass has put in force. */
export interface InForce {
  readonly config: NodeConfig;
  readonly tables: ForwardingTables;
  /** Those of `config` as health has them at the moment. */
  readonly usedServices: readonly ServiceConfig[];
  /** Backends that the kernel has a route and a MAC address for. */
  readonly reachable: ReadonlySet<string>;
}

/** Where a condition is read from. */
export interface ConditionSources {
  counters(): Promise<Counters>;
  sessions(): Promise<Sessions>;
  /** Undefined: flows are not shared. */
  replication(): Pick<ReplicationStatus, 'isAvailable' | 'lagMs'> | undefined;
  inForce(): InForce;
}

/**
 * Drops that say that this node, or the cluster, could not do for a packet what it should have. The others are of packets
 * that nobody can forward, or that somebody wanted dropped: malformed ones, floods, denied sources, TTL, MTU, ICMP errors
 * and fragments of nothing that is known.
 */
const troubleReasons: readonly DropReason[] = [
  'no_backend',
  'no_route',
  'no_neighbour',
  'no_headroom',
  'no_flow',
  'table_full',
  'no_local_port',
  'program_missing',
  'handover_peer',
  'takeover_rate',
];

/** A store that a flow has waited for so long is behind. */
const BEHIND_MS = 1000;

/** What a node says of itself for rollouts, read from its parts. Packets and errors count from the first reading on. */
export class NodeConditions {
  readonly #sources: ConditionSources;
  readonly #packets = new Growth();
  readonly #errors = new Growth();
  #digest:
    | { readonly config: NodeConfig; readonly owners: ForwardingTables['owners']; readonly text: string }
    | undefined;

  constructor(sources: ConditionSources) {
    this.#sources = sources;
  }

  /**
   * @param followed  `SERVICE/BACKEND`: to be told of each by itself, if it is configured
   * @throws {DataplaneError} DATAPLANE_CLOSED
   */
  async read(followed: readonly string[] = []): Promise<NodeCondition> {
    const [counters, sessions] = await Promise.all([this.#sources.counters(), this.#sources.sessions()]);
    const inForce = this.#sources.inForce();
    const step = inForce.config.rollout?.step;
    const counts = counters.services.flatMap(({ backends }) => backends);
    const found = followedBackends(followed, inForce, counters);
    return {
      sessions,
      tables: this.#digestOf(inForce),
      replication: replicationState(this.#sources.replication()),
      connections: sum(counts.map(({ activeConnections }) => activeConnections)),
      packets: this.#packets.of(sum(counters.services.map(({ packets }) => packets))),
      errors: this.#errors.of(sum(troubleReasons.map((reason) => counters.drops[reason]))),
      backends: usableBackends(inForce),
      ...(followed.length === 0 ? {} : { followed: found }),
      ...(step === undefined ? {} : { rolloutStep: step }),
    };
  }

  /** Hashed once for each configuration that anybody asks about, however often they ask. */
  #digestOf({ config, tables: { owners } }: InForce): string {
    if (this.#digest?.config !== config || this.#digest.owners !== owners) {
      this.#digest = { config, owners, text: tablesDigest(config, owners) };
    }
    return this.#digest.text;
  }
}

/** How much a count grew since it was first seen. What it falls by is not taken off: a service has gone, with its counts. */
class Growth {
  #last: number | undefined;
  #grown = 0;

  of(count: number): number {
    this.#grown += Math.max(0, count - (this.#last ?? count));
    this.#last = count;
    return this.#grown;
  }
}

/** Under load some flow waits for the store at any time. */
function replicationState(status: ReturnType<ConditionSources['replication']>): NodeCondition['replication'] {
  if (status === undefined) return 'none';
  return status.isAvailable && status.lagMs < BEHIND_MS ? 'current' : 'behind';
}

/** How many backends take new flows; a fallback is none of them. */
export function usableBackends(inForce: InForce): NodeCondition['backends'] {
  const own = inForce.config.services.flatMap(({ backends }) => backends.filter(({ isFallback }) => !isFallback));
  const usable = inForce.usedServices.flatMap((service) => [...usableOf(service, inForce)]);
  return { usable: usable.length, all: own.length };
}

/** How many backends of a service take new flows. */
export function usableBackendsOf(service: string, inForce: InForce): number {
  const used = inForce.usedServices.find(({ name }) => name === service);
  return used === undefined ? 0 : usableOf(used, inForce).size;
}

/** Names of backends that take new flows; a fallback is no substitute that a rollout could rely on. */
function usableOf({ backends }: ServiceConfig, { reachable }: InForce): Set<string> {
  const usable = backends.filter(
    (backend) => !backend.isFallback && takesNewFlows(backend) && reachable.has(backend.address),
  );
  return new Set(usable.map(({ name }) => name));
}

function followedBackends(
  followed: readonly string[],
  inForce: InForce,
  counters: Counters,
): Readonly<Record<string, FollowedBackend>> {
  const wanted = new Set(followed);
  const found: Record<string, FollowedBackend> = {};
  for (const service of inForce.config.services) {
    const backends = service.backends.filter(({ name }) => wanted.has(`${service.name}/${name}`));
    if (backends.length === 0) continue;
    const used = inForce.usedServices.find(({ name }) => name === service.name);
    const usable = used === undefined ? new Set() : usableOf(used, inForce);
    const isKnown = remembersFlows(service) || service.pinning !== undefined;
    const connections = connectionsOf(service, counters);
    for (const backend of backends) {
      found[`${service.name}/${backend.name}`] = {
        usable: usable.has(backend.name),
        ...(isKnown ? { connections: connections.get(memberId(backend)) ?? 0 } : {}),
      };
    }
  }
  return found;
}

/** Active connections by backend. */
function connectionsOf({ listeners: [first] }: ServiceConfig, { services }: Counters): ReadonlyMap<string, number> {
  const id = first === undefined ? undefined : serviceId(serviceKeyOf(first));
  const counted = services.find((service) => serviceId(service) === id);
  return new Map(
    counted?.backends.map(({ address, port, activeConnections }) => [
      memberId(port === 0 ? { address } : { address, port }),
      activeConnections,
    ]),
  );
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
