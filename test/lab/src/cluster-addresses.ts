import type { Route } from './topology.js';

const HOSTS_MAX = 10;

/** @throws RangeError naming the count that is not 0 to 10 */
export function assertHostCounts(counts: Readonly<Record<string, number>>): void {
  for (const [what, count] of Object.entries(counts)) {
    if (Number.isInteger(count) && count >= 0 && count <= HOSTS_MAX) continue;
    throw new RangeError(`${what}: expected 0 to ${HOSTS_MAX}, found ${count}`);
  }
}

/** Default routes of both families by a host. */
export function defaultRoutes(via: { readonly ipv4: string; readonly ipv6: string }): Route[] {
  return [
    { to: '0.0.0.0/0', via: via.ipv4 },
    { to: '::/0', via: via.ipv6 },
  ];
}

/** Addresses in networks of /24 and /64, as interfaces are given them. */
export function withPrefixLengths(addresses: readonly string[]): string[] {
  return addresses.map((address) => `${address}/${address.includes(':') ? 64 : 24}`);
}
