import { setTimeout as wait } from 'node:timers/promises';
import { BgpService, Override, type Peer, type Route } from '@weir/admin-api';
import type { SpeakerStatus, VrrpStatus } from '@weir/bgp-speaker';
import type { BgpConfig, NodeConfig } from '@weir/control';
import { canonicalAddress, isIpAddress } from '@weir/packet';
import { type AnnounceOverride, readOverrides, writeOverrides } from '../announce-overrides.js';
import type { NodeFigures } from '../metrics/node-figures.js';
import { allVips, vipsOf } from '../vips.js';
import { failedPrecondition, invalid, notFound } from './admin-error.js';
import { type ServiceMethods, serviceMethods } from './service-methods.js';

/** How long an answer waits for what it asked for to be in force, and how often it looks. */
const IN_FORCE_MS = 5_000;
const LOOK_MS = 200;

/** What is read of the node. */
export type BgpFigures = Pick<NodeFigures, 'config' | 'speaker' | 'announced' | 'overrides' | 'silence'>;

/** weir.admin.v1.Bgp. */
export function bgpService(figures: () => Promise<BgpFigures>): ServiceMethods {
  return serviceMethods(BgpService, {
    listPeers: { role: 'viewer', unary: async () => ({ peers: peersOf(await figures()) }) },
    listRoutes: {
      role: 'viewer',
      async unary() {
        const read = await figures();
        requireBgp(read.config);
        return { routes: routesOf(read) };
      },
    },
    setOverride: {
      role: 'operator',
      writes: true,
      async unary({ vip, override }, caller) {
        const read = await figures();
        const { overridesFile } = requireBgp(read.config);
        const wish = wishOf(override);
        const before = readOverrides(overridesFile);
        const address = knownVip(vip, read, before.has(canonical(vip)));
        const after = new Map(before);
        if (wish === 'auto') after.delete(address);
        else after.set(address, wish);
        writeOverrides(overridesFile, after);
        caller.audit({ target: `vip ${address}`, before: before.get(address) ?? 'auto', after: wish });
        const expected = wish === 'auto' ? before.get(address) === 'off' || undefined : wish === 'on';
        return { route: await routeInForce(address, wish, { expected, figures, signal: caller.signal }) };
      },
    },
  });
}

type Wish = AnnounceOverride | 'auto';

const overrideOf = { on: Override.ON, off: Override.OFF, auto: Override.AUTO } as const;

function wishOf(override: Override): Wish {
  const found = (['on', 'off', 'auto'] as const).find((wish) => overrideOf[wish] === override);
  if (found === undefined) throw invalid([{ field: 'override', description: 'is not AUTO, ON or OFF' }]);
  return found;
}

function requireBgp({ bgp }: NodeConfig): BgpConfig {
  if (bgp !== undefined) return bgp;
  throw failedPrecondition('NO_BGP', 'weir.yaml of this node has no section bgp: it announces nothing by BGP');
}

function canonical(vip: string): string {
  if (isIpAddress(vip)) return canonicalAddress(vip);
  throw invalid([{ field: 'vip', description: `${JSON.stringify(vip)} is not an IP address` }]);
}

/** A typing error must not wait in a file for a VIP that never comes; one that is gone can be taken back. */
function knownVip(text: string, { config }: BgpFigures, isOverridden: boolean): string {
  const vip = canonical(text);
  const vips = allVips(config);
  if (vips.includes(vip) || isOverridden) return vip;
  throw notFound(`VIP ${vip}; this node has ${vips.length === 0 ? 'none' : vips.join(', ')}`);
}

interface RouteWait {
  /** Whether it is to be announced in the end; undefined: either is right. */
  readonly expected: boolean | undefined;
  readonly figures: () => Promise<BgpFigures>;
  readonly signal: AbortSignal;
}

/** The route once the wish is in force, or as it is when it is not yet after a while. */
async function routeInForce(
  vip: string,
  wish: Wish,
  { expected, figures, signal }: RouteWait,
): Promise<Route | undefined> {
  const deadline = performance.now() + IN_FORCE_MS;
  for (;;) {
    const read = await figures();
    const isKnown = (read.overrides.get(vip) ?? 'auto') === wish;
    const route = routesOf(read).find(({ prefix }) => prefix === prefixOf(vip));
    const isAsExpected = expected === undefined || route === undefined || route.isAnnounced === expected;
    const isDone = isKnown && isAsExpected;
    if (isDone || performance.now() >= deadline) return route && { ...route, override: overrideOf[wish] };
    await wait(LOOK_MS, undefined, { signal });
  }
}

/** Those of the configuration, in its order, as gobgpd has them. */
function peersOf({ config, speaker }: BgpFigures): Peer[] {
  const status = bgpStatus(speaker);
  return requireBgp(config).peers.map(({ address, asn }) => {
    const peer = status?.peers.find((found) => found.address === address);
    const isDown = status?.gobgpd.kind === 'down';
    return {
      address,
      asn,
      state: isDown ? 'idle' : (peer?.state ?? 'idle'),
      since: isDown ? undefined : peer?.since,
      reason: isDown ? `gobgpd is down: ${status.gobgpd.reason}` : '',
      announced: isDown ? 0 : (peer?.advertised ?? 0),
    };
  });
}

/** VIPs in the order of the configuration, then those that are overridden and gone, then local addresses. */
function routesOf(figures: BgpFigures): Route[] {
  const { config, overrides, announced } = figures;
  const vips = [...new Set([...allVips(config), ...overrides.keys()])];
  const ofVips = new Set([...vips.map(prefixOf), ...announced]);
  const pools = (bgpStatus(figures.speaker)?.announced ?? []).filter((prefix) => !ofVips.has(prefix));
  return [
    ...vips.map((vip) => vipRoute(vip, figures)),
    ...pools.map((prefix) => ({
      prefix,
      isAnnounced: true,
      reason: '',
      override: Override.AUTO,
      communities: [...(config.bgp?.backupPools?.communities ?? [])],
      services: [],
    })),
  ];
}

function vipRoute(vip: string, { config, speaker, announced, overrides, silence }: BgpFigures): Route {
  const services = config.services.filter((service) => vipsOf(service).includes(vip));
  const gobgpd = bgpStatus(speaker)?.gobgpd;
  const isAnnounced = announced.includes(prefixOf(vip)) && gobgpd?.kind !== 'down';
  const reason =
    gobgpd?.kind === 'down' ? `gobgpd is down: ${gobgpd.reason}` : reasonFor(vip, silence, services.length);
  return {
    prefix: prefixOf(vip),
    isAnnounced,
    reason: isAnnounced ? '' : reason,
    override: overrideOf[overrides.get(vip) ?? 'auto'],
    communities: [...(services[0]?.announce.communities ?? [])],
    services: services.map(({ name }) => name),
  };
}

/** The sentence that names the VIP, or else one that names none. */
function reasonFor(vip: string, silence: readonly string[], services: number): string {
  if (services === 0) return 'no service has it';
  const parts = silence.map((sentence) => {
    const end = sentence.indexOf(': ');
    return { about: sentence.slice(0, Math.max(end, 0)).split(', '), text: sentence.slice(end + 2), sentence };
  });
  const own = parts.filter(({ about }) => about.includes(vip)).map(({ text }) => text);
  if (own.length > 0) return own.join('; ');
  return parts.find(({ about }) => !about.some(isIpAddress))?.sentence ?? 'not yet';
}

/** With VRRP there is none. */
function bgpStatus(status: SpeakerStatus | VrrpStatus | undefined): SpeakerStatus | undefined {
  return status !== undefined && 'gobgpd' in status ? status : undefined;
}

function prefixOf(vip: string): string {
  return `${vip}/${vip.includes(':') ? 128 : 32}`;
}
