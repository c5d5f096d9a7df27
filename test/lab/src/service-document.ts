import type { StandardCluster } from './standard-cluster.js';

/** An entry of `services` in weir.yaml: `vip` and `port`, or `listeners`. */
export interface ServiceDocument {
  readonly name: string;
  readonly vip?: string;
  readonly port?: number | string;
  readonly listeners?: readonly { readonly vip: string; readonly protocol?: string; readonly port: number | string }[];
  readonly backends: readonly BackendDocument[];
  readonly [key: string]: unknown;
}

/** An entry of `backends` of a service. */
export interface BackendDocument {
  readonly name?: string;
  readonly address: string;
  readonly port?: number;
  readonly weight?: number;
  readonly [key: string]: unknown;
}

/** The VIPs of a service. */
export function vipsOf({ vip, listeners = [] }: ServiceDocument): string[] {
  return vip === undefined ? listeners.map((listener) => listener.vip) : [vip];
}

/** HTTP on both VIPs of the standard cluster: IPv4 by IPIP, IPv6 by GUE. */
export function standardServices({ vip, backends }: StandardCluster): readonly ServiceDocument[] {
  return [
    {
      name: 'web',
      vip: vip.ipv4,
      port: 80,
      method: 'ipip',
      backends: backends.map(({ name, ipv4 }) => ({ name, address: ipv4 })),
    },
    {
      name: 'web6',
      vip: vip.ipv6,
      port: 80,
      method: 'gue',
      backends: backends.map(({ name, ipv6 }) => ({ name, address: ipv6 })),
    },
  ];
}
