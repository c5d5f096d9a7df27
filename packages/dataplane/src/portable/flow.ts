import type { FlowState, Side } from './flow-state.js';
import type { Backend } from './service.js';
import { type Endpoint, type Tuple, tupleBetween } from './tuple.js';

/** A connection, and what was decided for it. */
export interface Flow {
  readonly protocol: number;
  readonly client: Endpoint;
  readonly vip: Endpoint;
  readonly backend: Backend;
  /** nat and fullnat: how the backend sees it. */
  readonly translation: Translation | undefined;
  state: FlowState;
  /** Tick of the last packet of each side: a flow lives as long as either does. */
  readonly lastSeen: Record<Side, number>;
  /** From this tick on it is told, once it is seen: docs/packet-path.md, section 8. */
  dueTick: number;
  /** Its image, as it was told last; undefined: it was not, or its end was told since. */
  told: Uint8Array | undefined;
}

/** The two ends of a flow as the backend knows them. */
export interface Translation {
  /** nat: the client; fullnat: a local address of this node. */
  readonly near: Endpoint;
  /** The backend itself, with its port or the VIP's. */
  readonly far: Endpoint;
}

/** Of packets from the client. */
export function clientTuple({ protocol, client, vip }: Pick<Flow, 'protocol' | 'client' | 'vip'>): Tuple {
  return tupleBetween(protocol, client, vip);
}

/** Of packets from the backend, where they come back through this node. */
export function answerTuple(protocol: number, { near, far }: Translation): Tuple {
  return tupleBetween(protocol, far, near);
}
