import type { VirtualService } from './virtual-service.js';

/** What IPVS keeps and Weir does not: kept beside the node, for the next command. */
export interface Remembered {
  /** Services that were added and have no real server yet: Weir has none without backends. */
  readonly pending: readonly VirtualService[];
  /** Counters at the time of -Z, by names of services and of backends: `web`, `web 10.0.0.1`. */
  readonly zeroed: Readonly<Record<string, ZeroedCounters>>;
}

/** Decimal, since counters have 64 bits. */
export interface ZeroedCounters {
  readonly packets: string;
  readonly bytes: string;
}

/** Where it is kept. */
export interface RememberedStore {
  read(): Promise<Remembered>;
  write(remembered: Remembered): Promise<void>;
}

export const nothingRemembered: Remembered = { pending: [], zeroed: {} };
