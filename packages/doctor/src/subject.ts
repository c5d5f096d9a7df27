import type { NodeConfig, ServiceConfig } from '@weir/control';

/** What a host is to Weir. */
export const roles = ['node', 'backend'] as const;
export type Role = (typeof roles)[number];

/** The host that is looked at, as Weir is configured on it. */
export type Subject = NodeSubject | BackendSubject;

/** A host that runs `lb-node`. */
export interface NodeSubject {
  readonly role: 'node';
  readonly configFile: string;
  /** Absent: see {@link problem}. */
  readonly config?: NodeConfig;
  /** Why the configuration is not usable. */
  readonly problem?: Error;
  /** Those in force where the daemon told, else those of the file. */
  readonly services: readonly ServiceConfig[];
  /** Absent: it does not run, or see {@link daemonUnknown}. */
  readonly daemon?: DaemonView;
  /** Why it is not known whether the daemon runs: there is somebody, who did not answer this user. */
  readonly daemonUnknown?: string;
}

/** What a daemon that runs says of itself. */
export interface DaemonView {
  /** BGP sessions; absent: what it runs with has no `bgp`. */
  readonly sessions?: readonly SessionView[];
}

/** A BGP session, as the admin API tells of it. */
export interface SessionView {
  readonly address: string;
  /** `established`, or another state of RFC 4271 section 8.2.2. */
  readonly state: string;
  /** Empty where there is none. */
  readonly reason: string;
}

/** A host that runs `real-server`. */
export interface BackendSubject {
  readonly role: 'backend';
  /** Where packets from the nodes arrive. Absent: not known. */
  readonly interface?: string;
  readonly vips: readonly string[];
  /** As `real-server --decap` has them; empty for the method dr. */
  readonly encapsulations: readonly string[];
}

/** The interfaces that packets arrive at. */
export function interfacesOf(subject: Subject): readonly string[] {
  if (subject.role === 'node') return subject.config?.node.interfaces ?? [];
  return subject.interface === undefined ? [] : [subject.interface];
}

/** Does this host forward, or take packets out of tunnels, by XDP? */
export function usesXdp(subject: Subject): boolean {
  if (subject.role === 'backend') return subject.encapsulations.length > 0;
  return subject.config?.dataplane.engine !== 'portable';
}

/** Does the daemon of this host load BPF programs? The agent keeps its record of what it changed in a map, whatever it decapsulates. */
export function usesBpf(subject: Subject): boolean {
  return subject.role === 'backend' || usesXdp(subject);
}
