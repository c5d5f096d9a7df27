import type { ServiceInput } from '@weir/control';
import type { RealServer, VirtualService } from './virtual-service.js';

/** Tells of something that has no place in weir.yaml: where it stands, what it is, and what to do about it. */
export type Lose = (place: string, message: string) => void;

export type BackendInput = NonNullable<ServiceInput['backends']>[number];
export type CheckInput = Exclude<NonNullable<ServiceInput['healthCheck']>, 'off'>;
export type ListenerInput = NonNullable<ServiceInput['listeners']>[number];

/** A real server and where it was written. */
export interface PlacedServer {
  readonly place: string;
  readonly server: RealServer;
  /** With the port that is probed, where the kind has one. */
  readonly check?: CheckInput;
}

/** A virtual service and where it was written, with all the listeners that share its real servers. */
export interface PlacedService {
  readonly place: string;
  readonly name: string;
  readonly listeners: readonly ListenerInput[];
  readonly settings: Omit<VirtualService, 'key'>;
  readonly servers: readonly PlacedServer[];
  readonly fallback?: PlacedServer;
}
