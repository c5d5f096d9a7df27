import type { PortRange } from './port-schema.js';
import type { ServiceDocument } from './service-schema.js';

/** Where packets come in: what a service is found by. */
export interface ListenerConfig {
  /** Canonical text. */
  readonly vip: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp' | 'esp' | 'ah';
  /** `all`: those that no other service of this VIP and protocol has. */
  readonly port: number | PortRange | 'all';
}

/** A listener and the path of the mapping that its keys stand in. */
export interface PlacedListener {
  readonly listener: ListenerConfig;
  readonly path: readonly (string | number)[];
}

/** The listeners of an entry of `services`, whichever way its author wrote them. */
export function listenersOf(service: ServiceDocument, index: number): readonly PlacedListener[] {
  const path = ['services', index];
  if (service.listeners !== undefined) {
    return service.listeners.map((listener, at) => ({ listener, path: [...path, 'listeners', at] }));
  }
  const { vip, protocol = 'tcp', port } = service;
  return vip === undefined || port === undefined ? [] : [{ listener: { vip, protocol, port }, path }];
}

/** Do ports mean anything to the protocol? */
export function hasPorts(protocol: ListenerConfig['protocol']): boolean {
  return protocol !== 'esp' && protocol !== 'ah';
}

/** As the file has it: `80`, `8000-8999`, `all`. */
export function portText(port: ListenerConfig['port']): string {
  return typeof port === 'object' ? `${port.first}-${port.last}` : String(port);
}
