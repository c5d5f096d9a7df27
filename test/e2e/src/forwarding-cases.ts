import type { ClusterHost, ServiceDocument, StandardCluster } from '@weir/lab';

/** `dataplane.engine` of weir.yaml. */
export type Engine = 'xdp' | 'portable';

export type Family = 'ipv4' | 'ipv6';
export const families: readonly Family[] = ['ipv4', 'ipv6'];

/** Every way that packets travel to backends, by the name that its users give it. */
export const methods = {
  nat: { method: 'nat' },
  fullnat: { method: 'fullnat' },
  dr: { method: 'dr' },
  ipip: { method: 'ipip' },
  gre: { method: 'gre' },
  gue: { method: 'gue' },
  fou: { method: 'gue', gueHeader: 'none', guePort: 5555 },
} as const;

export type MethodName = keyof typeof methods;

/** A method with a VIP of its own. */
export interface ForwardingCase {
  readonly name: string;
  readonly method: MethodName;
  readonly family: Family;
  readonly vip: string;
}

export function forwardingCases(names: readonly MethodName[]): ForwardingCase[] {
  return names.flatMap((method, index) =>
    families.map((family) => ({
      name: `${method}, ${family}`,
      method,
      family,
      vip: family === 'ipv4' ? `198.51.100.${100 + index}` : `2001:db8:100::${100 + index}`,
    })),
  );
}

/** HTTP in turns; and DNS, echo and iperf3 as one service, so that a client has all of them from one backend. */
export function servicesOf({ name, method, family, vip }: ForwardingCase, { backends }: StandardCluster) {
  const both = (port: number) => ['tcp', 'udp'].map((protocol) => ({ vip, protocol, port }));
  const common = { ...methods[method], backends: backendsOf(backends, family) };
  const services: ServiceDocument[] = [
    { name: `web, ${name}`, vip, port: 80, scheduler: 'rr', ...common },
    { name: `tools, ${name}`, listeners: [7, 53, 5201].flatMap(both), scheduler: 'sh', ...common },
  ];
  return services;
}

/** All ports of both VIPs, one connection to each backend in turn: only who began a connection knows where it is. */
export function servicesInTurns(method: MethodName, { vip, backends }: StandardCluster): readonly ServiceDocument[] {
  return families.map((family) => ({
    name: family,
    vip: vip[family],
    port: 'all',
    ...methods[method],
    scheduler: 'rr',
    backends: backendsOf(backends, family),
  }));
}

export function backendsOf(hosts: readonly ClusterHost[], family: Family) {
  return hosts.map((host) => ({ name: host.name, address: host[family] }));
}
