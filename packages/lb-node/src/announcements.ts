import type { Announcement } from '@weir/bgp-speaker';
import type { AnnounceConfig, NodeConfig, ServiceConfig } from '@weir/control';
import type { AnnounceOverrides } from './announce-overrides.js';
import { type Departure, markedForShutdown } from './departure.js';
import { explainShare, shareOf } from './own-share.js';
import { takesNewFlows } from './used-backends.js';
import { allVips, vipsOf } from './vips.js';

/** What a node knows of its ability to forward, and what it was told of announcing. */
export interface Readiness {
  /** Every interface of the configuration carries the program. */
  readonly attached: boolean;
  /** Backends that the kernel has a route and a MAC address for. */
  readonly reachable: ReadonlySet<string>;
  readonly departure: Departure;
  readonly overrides: AnnounceOverrides;
  /** Addresses of nodes that are gone: VIPs are shared without them. */
  readonly absentNodes: ReadonlySet<string>;
}

/**
 * What this node should tell its routers: a VIP goes out while some service on it can be forwarded to at least one backend,
 * or an operator wants it to. A router knows addresses, not ports: a service without backends must not take the others of
 * its VIP with it.
 */
export function planAnnouncements(config: NodeConfig, readiness: Readiness): readonly Announcement[] {
  const { departure, attached, overrides } = readiness;
  if (!announces(config) || departure.kind === 'withdrawn' || !attached) return [];
  const share = shareOf(config, readiness.absentNodes);
  const announcements = new Map<string, Announcement>();
  for (const service of config.services) {
    const isServed = isForwardable(service, readiness.reachable);
    for (const vip of vipsOf(service)) {
      const override = overrides.get(vip) ?? 'auto';
      if (override === 'on' || (override === 'auto' && isServed && share.has(vip)))
        announcements.set(vip, announcementOf(vip, service.announce, config));
    }
  }
  const planned = [...announcements.values()];
  return departure.kind === 'marked' ? planned.map(markedForShutdown) : planned;
}

/** Why VIPs are not announced, or serve less than they should, for logs: one sentence each. */
export function explainSilence(config: NodeConfig, readiness: Readiness): readonly string[] {
  if (!announces(config)) return [];
  if (readiness.departure.kind === 'withdrawn') return ['the node is draining'];
  if (!readiness.attached) return ['the program is not attached to every interface'];
  return [
    ...config.services
      .filter((service) => !isForwardable(service, readiness.reachable))
      .map(
        (service) =>
          `${vipsOf(service).join(', ')}: service ${service.name} has no healthy backend with weight, a route and a resolved next hop`,
      ),
    ...explainOverrides(config, readiness),
    ...explainShare(config, readiness.absentNodes),
  ];
}

function announces({ bgp, vrrp }: NodeConfig): boolean {
  return bgp !== undefined || vrrp !== undefined;
}

function explainOverrides(config: NodeConfig, { overrides }: Readiness): readonly string[] {
  return allVips(config)
    .filter((vip) => overrides.get(vip) === 'off')
    .map((vip) => `${vip}: an operator turned it off; "lb-node announce ${vip} auto" leaves it to the node again`);
}

function isForwardable(service: ServiceConfig, reachable: ReadonlySet<string>): boolean {
  return service.backends.some((backend) => takesNewFlows(backend) && reachable.has(backend.address));
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
