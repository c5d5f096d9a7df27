import { ConfigError, type NodeConfig } from '@weir/control';
import { isWithin, type OwnNetwork, ownNetworks } from './own-networks.js';

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

/** Those of the address's family, as `ip address` writes them. */
function listText(address: string, networks: readonly OwnNetwork[]): string {
  const own = networks.filter((network) => network.address.includes(':') === address.includes(':'));
  if (own.length === 0) return `it has no ${address.includes(':') ? 'IPv6' : 'IPv4'} address`;
  return own.map((network) => `${network.address}/${network.prefixBits} on ${network.interface}`).join(', ');
}
