import type { Endpoint } from '../endpoint-schema.js';

/** One place where backends of a service are found; as `services[].discovery` has it. */
export type DiscoveryConfig = { readonly kind: 'file'; readonly file: string } | DnsDiscoveryConfig;

export interface DnsDiscoveryConfig {
  readonly kind: 'dns';
  readonly records:
    | { readonly kind: 'srv'; readonly name: string }
    /** Of A and AAAA. */
    | { readonly kind: 'addresses'; readonly name: string; readonly port?: number; readonly weight: number };
  /** In the order in which they are asked. Absent: those of /etc/resolv.conf. */
  readonly resolvers?: readonly Endpoint[];
  /** Of one question to one resolver. */
  readonly timeoutMs: number;
  /** Floor of TTLs. */
  readonly minTtlMs: number;
  /** Ceiling of TTLs. */
  readonly maxTtlMs: number;
  /** How long backends outlive an answer that there are none (NXDOMAIN, or no such records). */
  readonly keepNegativeMs: number;
  /** How long they outlive the last answer, when there comes none any more. */
  readonly keepFailedMs: number;
}
