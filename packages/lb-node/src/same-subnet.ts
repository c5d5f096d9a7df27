import { type BackendConfig, ConfigError, type NodeConfig, type ServiceConfig } from '@weir/control';
import type { Logger } from '@weir/daemon';
import { isWithin, type OwnNetwork, ownNetworks } from './own-networks.js';

/**
 * Refuses a configuration whose file alone says that dr reaches a backend in no subnet of this node: only the MAC address is
 * rewritten, so a router in between would send the packet, which is still for the VIP, straight back. With `etcd` or
 * `discovery` others name backends too, and one of theirs does not stop this node: see {@link NearBackends}.
 * @throws {ConfigError} CONFIG_INVALID, with the path of each such address
 */
export async function refuseDistantBackends(config: NodeConfig): Promise<void> {
  if (!config.services.some((service) => isDirect(service) && !othersName(config, service))) return;
  const problems = distantBackends(config, await ownNetworks());
  if (problems.length === 0) return;
  throw new ConfigError('CONFIG_INVALID', problems.join('\n'), { details: { problems } });
}

/** One sentence for each backend of dr that the file alone names and that is in none of the networks. */
export function distantBackends(config: NodeConfig, networks: readonly OwnNetwork[]): readonly string[] {
  return config.services.flatMap((service, i) =>
    !isDirect(service) || othersName(config, service)
      ? []
      : service.backends.flatMap(({ address }, at) =>
          isNear(address, networks)
            ? []
            : [`services[${i}].backends[${at}].address: ${distanceText(address, networks)}; ${REMEDY}`],
        ),
  );
}

/** Leaves out what dr can't reach of what etcd and discovery name, and warns once of each such backend. */
export class NearBackends {
  readonly #logger: Pick<Logger, 'warn'>;
  #told: ReadonlySet<string> = new Set();

  constructor(logger: Pick<Logger, 'warn'>) {
    this.#logger = logger;
  }

  /** The configuration without those that are in no subnet that this node has now. */
  async of(config: NodeConfig): Promise<NodeConfig> {
    if (!config.services.some((service) => isDirect(service) && othersName(config, service))) return config;
    const networks = await ownNetworks();
    const distant = new Set<string>();
    const services = config.services.map((service) => {
      if (!isDirect(service) || !othersName(config, service)) return service;
      const backends = service.backends.filter((backend) => {
        if (isNear(backend.address, networks)) return true;
        distant.add(this.#warn(service, backend, networks));
        return false;
      });
      return backends.length === service.backends.length ? service : { ...service, backends };
    });
    this.#told = distant;
    return distant.size === 0 ? config : { ...config, services };
  }

  #warn(service: ServiceConfig, backend: BackendConfig, networks: readonly OwnNetwork[]): string {
    const where = `service ${service.name}, backend ${backend.name}`;
    const id = `${where}, ${backend.address}`;
    if (!this.#told.has(id)) {
      const fields = { service: service.name, backend: backend.name, address: backend.address };
      const text = `${where} is left out: ${distanceText(backend.address, networks)}; ${REMEDY}`;
      this.#logger.warn({ event: 'backend_not_on_link', ...fields }, text);
    }
    return id;
  }
}

const REMEDY = 'use ipip, gre, gue or fullnat';

function isDirect({ method }: ServiceConfig): boolean {
  return method === 'dr';
}

/** May others than the file name backends of the service? */
function othersName({ etcd }: NodeConfig, { discovery }: ServiceConfig): boolean {
  return etcd !== undefined || discovery !== undefined;
}

function isNear(address: string, networks: readonly OwnNetwork[]): boolean {
  return networks.some((network) => isWithin(address, network));
}

function distanceText(address: string, networks: readonly OwnNetwork[]): string {
  return `"${address}" is in no subnet of this node (${listText(address, networks)}), and method dr ends at a router`;
}

/** Those of the address's family, as `ip address` writes them. */
function listText(address: string, networks: readonly OwnNetwork[]): string {
  const own = networks.filter((network) => network.address.includes(':') === address.includes(':'));
  if (own.length === 0) return `it has no ${address.includes(':') ? 'IPv6' : 'IPv4'} address`;
  return own.map((network) => `${network.address}/${network.prefixBits} on ${network.interface}`).join(', ');
}
