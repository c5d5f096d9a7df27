/** Who is who where packets are measured: this node and its backends. */
export interface BenchAddresses {
  readonly sources: { readonly ipv4: string; readonly ipv6: string };
  /** For what comes back from backends by this node. */
  readonly localAddresses: readonly string[];
  readonly backends: { readonly ipv4: readonly string[]; readonly ipv6: readonly string[] };
}

/** The addresses of a node in 10.9.0.0/16 and fd00:9::/64, with so many backends (1 to 255). */
export function benchAddresses(backendCount: number): BenchAddresses {
  const numbers = Array.from({ length: backendCount }, (_, index) => index + 1);
  return {
    sources: { ipv4: '10.9.0.1', ipv6: 'fd00:9::1' },
    localAddresses: ['10.9.0.32', '10.9.0.33', '10.9.0.34', '10.9.0.35'],
    backends: {
      ipv4: numbers.map((number) => `10.9.1.${number}`),
      ipv6: numbers.map((number) => `fd00:9::1:${number.toString(16)}`),
    },
  };
}
