import { ConfigError, type NodeConfig } from '@weir/control';
import ipaddr from 'ipaddr.js';
import { ipJson } from './ip-command.js';

/** What `ip -json address show` says of an interface. */
interface InterfaceAnswer {
  readonly ifname: string;
  readonly addr_info: readonly { readonly local?: string; readonly prefixlen: number }[];
}

/** An address of this node with its network, in CIDR notation. */
interface OwnNetwork {
  readonly interface: string;
  readonly address: string;
  readonly prefixBits: number;
}

/**
 * Refuses a configuration with a backend of dr that is in no subnet of this node: only the MAC address is rewritten, so a
 * router in between would send the packet, which is still for the VIP, straight back.
 * @throws {ConfigError} CONFIG_INVALID, with the path of each such address
 */
export async function refuseDistantBackends(config: NodeConfig): Promise<void> {
  if (!config.services.some(({ method }) => method === 'dr')) return;
  const problems = distantBackends(config, await ownNetworks());
  if (problems.length === 0) return;
  throw new ConfigError('CONFIG_INVALID', problems.join('\n'), { details: { problems } });
}

/** One sentence for each backend of dr that is in none of the networks. */
export function distantBackends(config: NodeConfig, networks: readonly OwnNetwork[]): readonly string[] {
  return config.services.flatMap(({ method, backends }, i) =>
    method !== 'dr'
      ? []
      : backends.flatMap(({ address }, at) => {
          if (networks.some((network) => isWithin(address, network))) return [];
          const path = `services[${i}].backends[${at}].address`;
          return [
            `${path}: "${address}" is in no subnet of this node (${listText(address, networks)}), and method dr ends at a router; use ipip, gre, gue or fullnat`,
          ];
        }),
  );
}

async function ownNetworks(): Promise<readonly OwnNetwork[]> {
  const interfaces = await ipJson<InterfaceAnswer>(['address', 'show']);
  return interfaces.flatMap(({ ifname, addr_info }) =>
    addr_info.flatMap(({ local, prefixlen }) =>
      local === undefined || ifname === 'lo' ? [] : [{ interface: ifname, address: local, prefixBits: prefixlen }],
    ),
  );
}

function isWithin(address: string, network: OwnNetwork): boolean {
  const parsed = ipaddr.parse(address);
  const own = ipaddr.parse(network.address);
  return parsed.kind() === own.kind() && parsed.match(own, network.prefixBits);
}

/** Those of the address's family, as `ip address` writes them. */
function listText(address: string, networks: readonly OwnNetwork[]): string {
  const own = networks.filter((network) => network.address.includes(':') === address.includes(':'));
  if (own.length === 0) return `it has no ${address.includes(':') ? 'IPv6' : 'IPv4'} address`;
  return own.map((network) => `${network.address}/${network.prefixBits} on ${network.interface}`).join(', ');
}
