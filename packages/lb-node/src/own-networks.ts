import ipaddr from 'ipaddr.js';
import { ipJson } from './ip-command.js';

/** What `ip -json address show` says of an interface. */
interface InterfaceAnswer {
  readonly ifname: string;
  readonly addr_info: readonly { readonly local?: string; readonly prefixlen: number }[];
}

/** An address of this node with its network. */
export interface OwnNetwork {
  readonly interface: string;
  readonly address: string;
  readonly prefixBits: number;
}

/** Those of all interfaces but `lo`. */
export async function ownNetworks(): Promise<readonly OwnNetwork[]> {
  const interfaces = await ipJson<InterfaceAnswer>(['address', 'show']);
  return interfaces.flatMap(({ ifname, addr_info }) =>
    addr_info.flatMap(({ local, prefixlen }) =>
      local === undefined || ifname === 'lo' ? [] : [{ interface: ifname, address: local, prefixBits: prefixlen }],
    ),
  );
}

export function isWithin(address: string, network: OwnNetwork): boolean {
  const parsed = ipaddr.parse(address);
  const own = ipaddr.parse(network.address);
  return parsed.kind() === own.kind() && parsed.match(own, network.prefixBits);
}
