import type { ServiceInput } from '@weir/control';

/** A running Weir, as far as ipvsadm's commands need it. */
export interface Balancer {
  services(): Promise<readonly BalancerService[]>;
  /**
   * Creates a service or replaces it whole.
   * @param revision  what it is expected to be at; undefined: there is none of its name yet
   */
  apply(service: ServiceInput, revision: string | undefined): Promise<void>;
  remove(name: string, revision: string): Promise<void>;
  /** What was counted since tables were made. */
  counters(): Promise<BalancerCounters>;
  /** The same within a second. */
  rates(): Promise<BalancerCounters>;
  /** Flows that this node remembers. */
  flows(): AsyncIterable<BalancerFlow>;
  /** After how many seconds without a packet a flow is forgotten, by its state. */
  timeouts(): Promise<Readonly<Record<FlowState, number>>>;
  /** Of all nodes that share a configuration. What is absent stays. */
  setTimeouts(seconds: { readonly established?: number; readonly fin?: number; readonly udp?: number }): Promise<void>;
  /** How many flows can be remembered. */
  flowCapacity(): Promise<number>;
}

export interface BalancerService {
  readonly service: ServiceInput;
  readonly revision: string;
}

/** By names of services, and within by names of backends as {@link backendName} has them. */
export type BalancerCounters = ReadonlyMap<string, ServiceCounters>;

export interface ServiceCounters {
  readonly total: Counters;
  readonly backends: ReadonlyMap<string, Counters>;
}

/** Packets are those from clients; what backends answer is not seen with dr and tunnels. */
export interface Counters {
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly activeConnections: bigint;
  readonly inactiveConnections: bigint;
}

export type FlowState = 'syn' | 'established' | 'fin' | 'closed' | 'udp' | 'other';

export interface FlowEnd {
  readonly address: string;
  readonly port: number | string;
}

/** A flow that a node remembers. */
export interface BalancerFlow {
  readonly protocol: string;
  /** Undefined: the node remembers the hash alone, as with dr and tunnels. */
  readonly client: FlowEnd | undefined;
  /** Undefined: nor does it know which listener of several it is. */
  readonly virtual: FlowEnd | undefined;
  readonly backend: FlowEnd;
  readonly state: FlowState;
  readonly idleSeconds: number;
}

export const noCounters: Counters = { packets: 0n, bytes: 0n, activeConnections: 0n, inactiveConnections: 0n };

/** What a backend is called where it has no name. */
export function backendName({
  name,
  address,
  port,
}: {
  name?: string | undefined;
  address: string;
  port?: number | undefined;
}): string {
  if (name !== undefined) return name;
  if (port === undefined) return address;
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
