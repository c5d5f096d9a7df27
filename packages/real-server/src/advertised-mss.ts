import { ip, ipJson } from './ip-command.js';
import type { Undo } from './undo.js';

export const encapsulations = ['ipip', 'gre', 'gue'] as const;
export type Encapsulation = (typeof encapsulations)[number];

/** Bytes before the inner packet with outer IPv6, the larger case: RFC 2473; RFC 2784 with no options; GUE and UDP. */
const overheadBytes: Readonly<Record<Encapsulation, number>> = { ipip: 40, gre: 44, gue: 52 };
/** IP and TCP headers without options, by family of the VIP. */
const headerBytes = { ipv4: 40, ipv6: 60 } as const;

/** Routing table and rule priority of ours: VIPs' own routes, which differ from the main table in `advmss` alone. */
const TABLE = 17700;

interface RouteAnswer {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly scope?: string;
}

interface RuleAnswer {
  readonly priority: number;
  readonly src: string;
}

/**
 * The MSS that a backend tells clients of a VIP, so that a full segment still fits the link after a node has
 * encapsulated it. What the backend sends is not encapsulated and keeps the link's whole MTU.
 */
export function advertisedMss(mtuBytes: number, enabled: readonly Encapsulation[], family: 'ipv4' | 'ipv6'): number {
  const overhead = Math.max(...enabled.map((name) => overheadBytes[name]));
  return mtuBytes - overhead - headerBytes[family];
}

/** Lets connections to VIPs use a copy of the main table's routes with an `advmss` of its own. */
export async function advertiseMss(
  interfaceName: string,
  vips: readonly string[],
  enabled: readonly Encapsulation[],
  undo: Undo,
): Promise<void> {
  const [link] = await ipJson<{ mtu: number }>(`link show dev ${interfaceName}`);
  for (const family of ['ipv4', 'ipv6'] as const) {
    const ours = vips.filter((vip) => vip.includes(':') === (family === 'ipv6'));
    if (ours.length === 0) continue;
    const flag = family === 'ipv4' ? '-4' : '-6';
    const mss = advertisedMss((link as { mtu: number }).mtu, enabled, family);
    undo.push(() => ip(`${flag} route flush table ${TABLE}`));
    for (const route of await ipJson<RouteAnswer>(`${flag} route show table main`)) {
      if (route.dev === undefined || route.dev === 'lo' || route.dst.startsWith('fe80:')) continue;
      const via = route.gateway === undefined ? '' : ` via ${route.gateway}`;
      const scope = route.scope === 'link' ? ' scope link' : '';
      await ip(`${flag} route replace ${route.dst}${via} dev ${route.dev}${scope} advmss ${mss} table ${TABLE}`);
    }
    await addRules(flag, ours, undo);
  }
}

async function addRules(flag: string, vips: readonly string[], undo: Undo): Promise<void> {
  const rules = await ipJson<RuleAnswer>(`${flag} rule show`);
  const present = new Set(rules.filter(({ priority }) => priority === TABLE).map(({ src }) => src));
  for (const vip of vips) {
    if (present.has(vip)) continue;
    await ip(`${flag} rule add from ${vip} lookup ${TABLE} priority ${TABLE}`);
    undo.push(() => ip(`${flag} rule del from ${vip} lookup ${TABLE} priority ${TABLE}`));
  }
}
