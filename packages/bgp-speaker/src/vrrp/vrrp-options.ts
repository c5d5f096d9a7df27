import type { SpeakerLogger } from '../speaker-logger.js';

/** A node of those that have VIPs between them. */
export interface VrrpPeer {
  readonly name: string;
  readonly address?: string;
  readonly address6?: string;
}

/** What of VRRP does not depend on VIPs. */
export interface VrrpSettings {
  /** Of this node: one of `peers`. */
  readonly ownName: string;
  /** All nodes, the same on each. */
  readonly peers: readonly VrrpPeer[];
  readonly interface: string;
  /** By VIP; others follow from a hash. */
  readonly routerIds: Readonly<Record<string, number>>;
  /** A multiple of 10 ms, up to 40,950. */
  readonly advertIntervalMs: number;
  readonly preempt: boolean;
  readonly preemptDelayMs: number;
  readonly transport: 'multicast' | 'unicast';
  /** `refreshMs` 0: never. */
  readonly gratuitousArp: { readonly repeat: number; readonly againMs: number; readonly refreshMs: number };
}

export interface VrrpOptions extends VrrpSettings {
  /** Name or path of keepalived. */
  readonly command: string;
  /** For its configuration, its log, its pids and the files that it tracks; made if missing. */
  readonly directory: string;
  readonly logger: SpeakerLogger;
}
