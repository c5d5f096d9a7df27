/** Attributes of a route as it is announced. */
export interface AnnounceConfig {
  readonly communities?: readonly string[];
  readonly med?: number;
  readonly prepend?: number;
  readonly localPreference?: number;
  /** IPv4 next hop. */
  readonly nextHop?: string;
  /** IPv6 next hop. */
  readonly nextHop6?: string;
}
