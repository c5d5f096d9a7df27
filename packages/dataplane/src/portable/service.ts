import { flowHash, rowOf } from '@weir/packet';
import type { ForwardingService, Persistence, ServiceKey } from '../dataplane.js';
import { type ForwardingMethod, translatesAddresses } from '../forwarding-method.js';
import { isRecomputable, type Scheduling } from '../scheduling.js';
import { serviceNumber } from '../service-number.js';
import type { Tuple } from './tuple.js';

/** A backend in force, and what is counted for it. */
export interface Backend {
  readonly service: Service;
  /** Canonical text, and the same in network order. */
  readonly name: string;
  readonly address: Uint8Array;
  /** 0: the packet's port stays. */
  readonly port: number;
  weight: number;
  /** 0: no limit. */
  upperConnections: number;
  lowerConnections: number;
  activeConnections: number;
  inactiveConnections: number;
  newFlows: number;
  /** Set when connections reach the upper threshold, until there are fewer than the lower. */
  overloaded: boolean;
  packets: number;
  /** Of IP packets as they arrived. */
  bytes: number;
  /** False from the tables on that leave it out: its flows are forgotten then. */
  inForce: boolean;
  /** Counted while its service is watched. */
  readonly attempts: { tried: number; unanswered: number; refused: number };
}

/** A service in force. */
export interface Service {
  /** The first listener names the service. */
  readonly key: ServiceKey;
  /** In images of flows, equal on all nodes. */
  readonly number: number;
  forwarding: ForwardingMethod;
  scheduling: Scheduling;
  backends: readonly Backend[];
  /** undefined: the row points nowhere. */
  rows: readonly (Backend | undefined)[];
  keptRows: ReadonlySet<number>;
  /** Kept rows that a packet was seen of whose flow has another backend than the row. */
  readonly neededRows: Set<number>;
  persistence: Persistence | undefined;
  /** 0: as the client asks. */
  mssClamp: number;
  /** Whether backends answer SYNs is counted. */
  watched: boolean;
  /** How many rows `next` has looked at; it goes on with the one of this number. */
  rowsLookedAt: number;
  /** The places for backends that a destination has, under its text. For `locality`. */
  readonly localities: Map<string, readonly (Backend | undefined)[]>;
  /** What backends that are gone had counted. */
  readonly retired: { packets: number; bytes: number; newFlows: number };
}

export function newService({ listeners, forwarding, scheduling }: ForwardingService): Service {
  const key = listeners[0] as ServiceKey;
  return {
    key,
    number: serviceNumber(key),
    forwarding,
    scheduling,
    backends: [],
    rows: [],
    keptRows: new Set(),
    neededRows: new Set(),
    persistence: undefined,
    mssClamp: 0,
    watched: false,
    rowsLookedAt: 0,
    localities: new Map(),
    retired: { packets: 0, bytes: 0, newFlows: 0 },
  };
}

/** Does each of its flows have to be remembered? */
export function remembersFlows({ forwarding, scheduling, persistence }: Service): boolean {
  return translatesAddresses(forwarding) || !isRecomputable(scheduling) || persistence !== undefined;
}

/** What spreads the flow over rows, tunnels and local ports; 32 bits. */
export function hashOfFlow(seed: bigint, { source, sourcePort, destinationPort }: Tuple): number {
  return flowHash({ seed, source, sourcePort, destinationPort });
}

/** The row that a packet's hash points at; undefined: there are no rows. */
export function hashedRow({ scheduling, rows }: Service, seed: bigint, tuple: Tuple): number | undefined {
  if (rows.length === 0) return undefined;
  return rowOf(hashForRow(scheduling, seed, tuple), rows.length);
}

function hashForRow(scheduling: Scheduling, seed: bigint, tuple: Tuple): number {
  const of = scheduling.pick === 'hash' ? scheduling.of : 'flow';
  if (of === 'flow') return hashOfFlow(seed, tuple);
  const source = of === 'source' ? tuple.source : tuple.destination;
  return flowHash({ seed, source, sourcePort: 0, destinationPort: 0 });
}
