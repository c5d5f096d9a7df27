import { lookup, lookupService } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { endpointText, type IpvsProtocol } from './virtual-service.js';

/** Names of hosts and ports, as the system knows them. */
export interface NameLookup {
  /** The IPv4 address of a host; undefined: it has none. */
  address(host: string): Promise<string | undefined>;
  /** The number of a service; undefined: nobody knows it. */
  port(service: string, protocol: IpvsProtocol): Promise<number | undefined>;
  /** An address and port by their names, or by their numbers where they have none. */
  endpoint(address: string, port: number): Promise<string>;
}

/** What getaddrinfo(3), getnameinfo(3) and services(5) say. */
export const systemNames: NameLookup = {
  async address(host) {
    return lookup(host, { family: 4 }).then(
      ({ address }) => address,
      () => undefined,
    );
  },
  async port(service, protocol) {
    const services = await readFile('/etc/services', 'utf8').catch(() => '');
    return portOf(services, service, protocol);
  },
  async endpoint(address, port) {
    return lookupService(address, port).then(
      ({ hostname, service }) => endpointText(hostname === '' ? address : hostname, service),
      () => endpointText(address, port),
    );
  },
};

/** A line of services(5): `https 443/tcp alias # comment`. */
function portOf(services: string, name: string, protocol: IpvsProtocol): number | undefined {
  for (const line of services.split('\n')) {
    const [first, entry = '', ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
    const [port, of] = entry.split('/');
    if (of === protocol && (first === name || aliases.includes(name))) return Number(port);
  }
  return undefined;
}
