import { addressToBytes } from '@weir/packet';
import type { ServiceKey } from './dataplane.js';
import { protocolNumbers } from './portable/transport.js';
import { addressText, type Tuple } from './portable/tuple.js';

/** A service under one of its listeners. */
export interface Listener<Service> {
  readonly key: ServiceKey;
  readonly service: Service;
  /** False: the address is the node's own, and what else comes there is the kernel's. */
  readonly isVip?: boolean;
}

/** VIPs, and which service takes which port. */
export class ServiceDirectory<Service> {
  readonly #vips = new Set<string>();
  /** Under VIP, protocol and port; port 0: all ports. */
  readonly #ports = new Map<string, Service>();
  readonly #ranges = new Map<string, { readonly first: number; readonly last: number; readonly service: Service }[]>();

  constructor(listeners: Iterable<Listener<Service>>) {
    for (const { key, service, isVip = true } of listeners) {
      const vip = addressText(addressToBytes(key.vip));
      const host = `${vip} ${protocolNumbers[key.protocol]}`;
      if (isVip) this.#vips.add(vip);
      if (typeof key.port === 'number') this.#ports.set(`${host} ${key.port}`, service);
      else this.#ranges.set(host, [...(this.#ranges.get(host) ?? []), { ...key.port, service }]);
    }
  }

  isVip(address: Uint8Array): boolean {
    return this.#vips.has(addressText(address));
  }

  /** The service of a port goes before the one of a range, and that before the one of all ports. */
  find({ destination, protocol, destinationPort }: Omit<Tuple, 'source' | 'sourcePort'>): Service | undefined {
    const host = `${addressText(destination)} ${protocol}`;
    const holdsPort = ({ first, last }: { first: number; last: number }) =>
      first <= destinationPort && destinationPort <= last;
    return (
      this.#ports.get(`${host} ${destinationPort}`) ??
      this.#ranges.get(host)?.find(holdsPort)?.service ??
      this.#ports.get(`${host} 0`)
    );
  }
}
