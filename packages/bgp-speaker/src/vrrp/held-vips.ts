import { networkInterfaces } from 'node:os';

/** Those of the VIPs that keepalived has put on the interface: this node is the one that answers for them. */
export function heldVips(interfaceName: string, vips: ReadonlySet<string>): ReadonlySet<string> {
  const addresses = (networkInterfaces()[interfaceName] ?? []).map(({ address }) => address);
  return new Set(addresses.filter((address) => vips.has(address)));
}
