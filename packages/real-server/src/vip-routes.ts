import { existsSync } from 'node:fs';
import { advertisedMss, type Encapsulation, type Family, families } from './advertised-mss.js';
import { ipBatch, ipJson } from './ip-command.js';
import { planRoutes, type RoutePlan, type ShownRoute } from './route-plan.js';

/**
 * Routing table and rule priority of ours. The number is how a later life recognises what a former one left; there is
 * one agent in a network namespace.
 */
const TABLE = 17700;

const flags = { ipv4: '-4', ipv6: '-6' } as const satisfies Record<Family, string>;

interface RuleAnswer {
  readonly priority: number;
  readonly src: string;
}

interface LinkAnswer {
  readonly mtu: number;
}

interface AddressAnswer {
  readonly addr_info: readonly { readonly family?: string; readonly scope?: string; readonly local?: string }[];
}

export interface VipRoutesOptions {
  /** Where packets from the nodes arrive. */
  readonly interface: string;
  readonly vips: readonly string[];
  readonly enabled: readonly Encapsulation[];
}

/**
 * Lets packets from VIPs use a table of their own: a copy of the main one's routes, each with an `advmss` that leaves
 * room for the nodes' headers. The MTU stays. Compares with what is there and changes the differences only, so that it
 * may be called at any time. Resolves to the MSS by family, for families that have a VIP; to none where nothing is
 * enabled, as packets from VIPs then use the main table.
 *
 * @throws {AgentError} IP_COMMAND_FAILED
 */
export async function applyVipRoutes(options: VipRoutesOptions): Promise<Readonly<Partial<Record<Family, number>>>> {
  if (options.enabled.length === 0) {
    await removeVipRoutes();
    return {};
  }
  const [link] = await ipJson<LinkAnswer>(`link show dev ${options.interface}`);
  const outer = await outerFamilies(options.vips);
  const mssByFamily: Partial<Record<Family, number>> = {};
  for (const family of families) {
    const vips = options.vips.filter((vip) => familyOf(vip) === family);
    if (vips.length === 0) {
      await removeFamily(family);
      continue;
    }
    const mss = advertisedMss((link as LinkAnswer).mtu, options.enabled, family, outer);
    mssByFamily[family] = mss;
    const all = await routesOfAllTables(family);
    await changeRoutes(
      family,
      planRoutes(
        all.filter(({ table }) => table === undefined),
        all.filter(isOurs),
        mss,
        family,
      ),
    );
    // The rules come last: no packet meets a table that is half full.
    await applyRules(family, vips);
  }
  return mssByFamily;
}

/** Takes it all back, also what a former life left. */
export async function removeVipRoutes(): Promise<void> {
  for (const family of families) await removeFamily(family);
}

/** Default routes of the main table that go out by an interface; IPv4. */
export async function hasDefaultRouteBy(interfaceName: string): Promise<boolean> {
  const routes = await ipJson<ShownRoute>('-4 route show default');
  return routes.some(({ dev, nexthops }) => [dev, ...(nexthops ?? []).map((hop) => hop.dev)].includes(interfaceName));
}

export function familyOf(address: string): Family {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

async function removeFamily(family: Family): Promise<void> {
  // Of a kernel without IPv6, ip can't even be asked.
  if (!existsSync(`/proc/sys/net/${family}`)) return;
  await applyRules(family, []);
  await changeRoutes(family, planRoutes([], (await routesOfAllTables(family)).filter(isOurs), 0, family));
}

/** One answer about all tables: asked for a table that does not exist yet, ip fails. */
function routesOfAllTables(family: Family): Promise<readonly ShownRoute[]> {
  return ipJson<ShownRoute>(`${flags[family]} route show table all`);
}

function isOurs({ table }: ShownRoute): boolean {
  return table === String(TABLE);
}

async function changeRoutes(family: Family, { remove, replace }: RoutePlan): Promise<void> {
  // The table is named first, for nothing may follow the hops of a route.
  await ipBatch(flags[family], [
    ...remove.map((words) => `route del table ${TABLE} ${words}`),
    ...replace.map((words) => `route replace table ${TABLE} ${words}`),
  ]);
}

async function applyRules(family: Family, vips: readonly string[]): Promise<void> {
  const rules = await ipJson<RuleAnswer>(`${flags[family]} rule show`);
  const present = rules.filter(({ priority }) => priority === TABLE).map(({ src }) => src);
  await ipBatch(flags[family], [
    ...vips.filter((vip) => !present.includes(vip)).map((vip) => ruleLine('add', vip)),
    ...present.filter((src) => !vips.includes(src)).map((src) => ruleLine('del', src)),
  ]);
}

function ruleLine(verb: 'add' | 'del', vip: string): string {
  return `rule ${verb} from ${vip} lookup ${TABLE} priority ${TABLE}`;
}

/** Families that nodes can reach this host by: those of its addresses. An address on lo counts, routers may know it. */
async function outerFamilies(vips: readonly string[]): Promise<readonly Family[]> {
  const links = await ipJson<AddressAnswer>('address show scope global');
  const own = links
    .flatMap(({ addr_info }) => addr_info ?? [])
    .flatMap(({ local }) => (local === undefined || vips.includes(local) ? [] : [familyOf(local)]));
  const found = families.filter((family) => own.includes(family));
  return found.length > 0 ? found : families;
}
