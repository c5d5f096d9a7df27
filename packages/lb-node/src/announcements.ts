import type { Announcement } from '@weir/bgp-speaker';
import type { AnnounceConfig, BackendConfig, NodeConfig, ServiceConfig } from '@weir/control';

/** What a node knows of its ability to forward. */
export interface Readiness {
  /** Every interface of the configuration carries the program. */
  readonly attached: boolean;
  /** Backends that the kernel has a route and a MAC address for. */
  readonly reachable: ReadonlySet<string>;
  /** The node is on its way out: nothing is announced. */
  readonly draining: boolean;
}

/**
 * What this node should tell its routers: a VIP goes out while some service on it can be forwarded to at least one backend.
 * A router knows addresses, not ports: a service without backends must not take the others of its VIP with it.
 */
export function planAnnouncements(config: NodeConfig, readiness: Readiness): readonly Announcement[] {
  if (config.bgp === undefined || readiness.draining || !readiness.attached) return [];
  const announcements = new Map<string, Announcement>();
  for (const service of config.services) {
    if (!isForwardable(service, readiness.reachable)) continue;
    for (const vip of vipsOf(service)) announcements.set(vip, announcementOf(vip, service.announce, config));
  }
  return [...announcements.values()];
}

/** Why VIPs are not announced, or serve less than they should, for logs: one sentence each. */
export function explainSilence(config: NodeConfig, readiness: Readiness): readonly string[] {
  if (config.bgp === undefined) return [];
  if (readiness.draining) return ['the node is draining'];
  if (!readiness.attached) return ['the program is not attached to every interface'];
  return config.services
    .filter((service) => !isForwardable(service, readiness.reachable))
    .map(
      (service) =>
        `${vipsOf(service).join(', ')}: service ${service.name} has no backend with weight, a route and a resolved next hop`,
    );
}

/** The VIPs that a service listens on, each once. */
export function vipsOf({ listeners }: ServiceConfig): readonly string[] {
  return [...new Set(listeners.map(({ vip }) => vip))];
}

function isForwardable(service: ServiceConfig, reachable: ReadonlySet<string>): boolean {
  return service.backends.some((backend) => takesNewFlows(backend) && reachable.has(backend.address));
}

function takesNewFlows({ weight, state = 'active' }: BackendConfig): boolean {
  return weight > 0 && (state === 'active' || state === 'filling');
}

/** A route to one address, with the node's own next hop unless another is said. */
export function announcementOf(address: string, announce: AnnounceConfig, { node }: NodeConfig): Announcement {
  const isIpv6 = address.includes(':');
  const { nextHop, nextHop6, ...attributes } = announce;
  const ownAddress = isIpv6 ? (nextHop6 ?? node.address6) : (nextHop ?? node.address);
  return {
    prefix: `${address}/${isIpv6 ? 128 : 32}`,
    ...(ownAddress === undefined ? {} : { nextHop: ownAddress }),
    ...attributes,
  };
}
