import type { Backend } from './backend.js';
import type { FlowState, Side } from './flow-state.js';

/** What a packet is told apart by. Addresses have 4 or 16 bytes in network order; ports are 0 where there are none. */
export interface Tuple {
  readonly protocol: number;
  readonly source: Uint8Array;
  readonly sourcePort: number;
  readonly destination: Uint8Array;
  readonly destinationPort: number;
}

export interface Endpoint {
  readonly address: Uint8Array;
  readonly port: number;
}

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

export function tupleBetween(protocol: number, from: Endpoint, to: Endpoint): Tuple {
  return {
    protocol,
    source: from.address,
    sourcePort: from.port,
    destination: to.address,
    destinationPort: to.port,
  };
}

/** As the receiver would answer. */
export function reversedTuple({ protocol, source, sourcePort, destination, destinationPort }: Tuple): Tuple {
  return {
    protocol,
    source: destination,
    sourcePort: destinationPort,
    destination: source,
    destinationPort: sourcePort,
  };
}

/** The same tuple gives the same text, and no other does. */
export function tupleText({ protocol, source, sourcePort, destination, destinationPort }: Tuple): string {
  return `${protocol} ${addressText(source)} ${sourcePort} ${addressText(destination)} ${destinationPort}`;
}

/** One text an address, quicker than the one for people. */
export function addressText(address: Uint8Array): string {
  return Buffer.from(address.buffer, address.byteOffset, address.byteLength).toString('hex');
}
