import { existsSync } from 'node:fs';
import { ip, ipJson } from './ip-command.js';
import { families, isOfFamily, WEIR_PROTOCOL } from './route-protocol.js';

type Family = (typeof families)[number];

/** Where the kernel has the rule for addresses of its own, and where it goes, behind the rules of probes (5700, 5701). */
const KERNEL_PREFERENCE = 0;
const LOCAL_PREFERENCE = 5710;
/** Table, and preference of the rules that lead to it: what reached a VIP and is no service. */
const STRAY = 5705;
/** The same of the node's own look-ups: VIPs are out there, so that what comes from them is no martian. */
const ANSWER = 5706;
const ownPreferences: readonly number[] = [STRAY, ANSWER, LOCAL_PREFERENCE];
const strayProtocols = ['tcp', 'udp'] as const;

interface Rule {
  readonly priority: number;
  readonly table: string;
  readonly protocol: string;
  readonly iif?: string;
  readonly ipproto?: string;
}

/**
 * systemd-networkd removes all rules but those of protocol "kernel" when it starts: of rules for the kernel's own addresses
 * neither the moved one nor the one that is put back may be among them.
 */
const movedRule: Rule = { priority: LOCAL_PREFERENCE, table: 'local', protocol: 'kernel' };
const kernelRule: Rule = { ...movedRule, priority: KERNEL_PREFERENCE };

/** What `ip -json route show` says, of what is used here. */
interface Route {
  readonly dst: string;
  readonly table?: string;
  readonly dev?: string;
}

/**
 * With VRRP the node that has a VIP holds it as an address of its interface: so the kernel answers for it by ARP and neighbour
 * discovery. Nothing else may take it for an address of this node: local services would be reachable by it, the kernel
 * would drop answers that come from it, and probes to a backend's VIP would end here. So the kernel looks its own addresses up
 * behind rules of Weir: TCP and UDP for a VIP that no service has are refused first.
 * @see ip-rule(8)
 */
export class HeldVips {
  readonly #interfaces: readonly string[];

  constructor(interfaces: readonly string[]) {
    this.#interfaces = interfaces;
  }

  /**
   * Puts the kernel's rules back, whoever moved them. Nothing to put back is fine.
   * @throws {IpCommandError} what could be put back was
   */
  static async remove(): Promise<void> {
    const present = families.filter(isInKernel);
    const outcomes = await Promise.allSettled(present.map(restoreRules));
    await Promise.allSettled(present.map(flushTables));
    const failure = outcomes.find(({ status }) => status === 'rejected');
    if (failure?.status === 'rejected') throw failure.reason;
  }

  /**
   * These are all VIPs, held here or elsewhere. What is there is looked at each time: links that go down take routes along,
   * and managers of networks remove rules. Families that no VIP is of are left alone, but for routes that have to go.
   * @throws {IpCommandError}
   */
  async set(vips: ReadonlySet<string>): Promise<void> {
    for (const family of families.filter(isInKernel)) {
      const ofFamily = new Set([...vips].filter((vip) => isOfFamily(vip, family)));
      if (ofFamily.size > 0) await this.#leadBy(family);
      await this.#routeTo(ofFamily, family);
    }
  }

  async #leadBy(family: Family): Promise<void> {
    const present = await rulesOf(family);
    // The kernel's goes last: without either, the node would not know its own addresses for a moment.
    for (const rule of [...this.#ownRules(family), movedRule]) {
      if (!present.some((other) => isSame(other, rule))) await addRule(family, rule);
    }
    if (present.some((rule) => rule.priority === KERNEL_PREFERENCE && rule.table === 'local')) {
      await ip([family, 'rule', 'del', 'pref', String(KERNEL_PREFERENCE), 'lookup', 'local']);
    }
  }

  async #routeTo(vips: ReadonlySet<string>, family: Family): Promise<void> {
    const routes = await ipJson<Route>([family, 'route', 'show', 'table', 'all', 'proto', WEIR_PROTOCOL]);
    const change = (verb: 'replace' | 'del', table: number, route: readonly string[]) =>
      ip([family, 'route', verb, ...route, 'table', String(table), 'proto', WEIR_PROTOCOL]);
    const apply = async (
      table: number,
      isUsable: (route: Route) => boolean,
      to: (vip: string) => readonly string[],
    ) => {
      const present = routes.filter((route) => route.table === String(table));
      for (const { dst } of present) if (!vips.has(dst)) await change('del', table, [dst]).catch(ignoreMissing);
      const usable = new Set(present.filter(isUsable).map(({ dst }) => dst));
      for (const vip of vips) if (!usable.has(vip)) await change('replace', table, to(vip));
    };
    await apply(
      STRAY,
      () => true,
      (vip) => ['unreachable', vip],
    );
    const dev = this.#interfaces[0] as string;
    // The kernel takes no route to a link that is down.
    if (!letsAnswersIn(family) || !(await isUp(dev))) return;
    await apply(
      ANSWER,
      (route) => route.dev === dev,
      (vip) => [vip, 'dev', dev, 'scope', 'link'],
    );
  }

  /** Each leads to the table that has its priority as number. */
  #ownRules(family: Family): readonly Rule[] {
    const to = (table: number) => ({ priority: table, table: String(table), protocol: WEIR_PROTOCOL });
    return [
      ...this.#interfaces.flatMap((iif) => strayProtocols.map((ipproto) => ({ ...to(STRAY), iif, ipproto }))),
      ...(letsAnswersIn(family) ? [{ ...to(ANSWER), iif: 'lo' }] : []),
    ];
  }
}

/** IPv6 does not look whether a source is one of its own addresses. */
function letsAnswersIn(family: Family): boolean {
  return family === '-4';
}

/** A kernel that was started with `ipv6.disable=1` has no rules and no routes of IPv6. */
function isInKernel(family: Family): boolean {
  return family === '-4' || existsSync('/proc/net/if_inet6');
}

/** With details: else the protocol "kernel" is left out. */
function rulesOf(family: Family): Promise<readonly Rule[]> {
  return ipJson<Rule>(['-details', family, 'rule', 'show']);
}

async function restoreRules(family: Family): Promise<void> {
  const present = await rulesOf(family);
  const own = present.filter(({ priority }) => ownPreferences.includes(priority));
  // An operator may have moved it as well, and before.
  const hasOther = present.some((rule) => rule.table === 'local' && !own.includes(rule));
  if (!hasOther) await addRule(family, kernelRule);
  for (const { priority } of own) await ip([family, 'rule', 'del', 'pref', String(priority)]);
}

/** There may be no such tables. */
async function flushTables(family: Family): Promise<void> {
  for (const table of [STRAY, ANSWER]) {
    await ip([family, 'route', 'flush', 'table', String(table)]).catch(() => {});
  }
}

async function isUp(interfaceName: string): Promise<boolean> {
  const links = await ipJson<{ readonly ifname: string; readonly flags: readonly string[] }>(['link', 'show']);
  return links.some(({ ifname, flags }) => ifname === interfaceName && flags.includes('UP'));
}

function isSame(a: Rule, b: Rule): boolean {
  return a.priority === b.priority && a.protocol === b.protocol && a.iif === b.iif && a.ipproto === b.ipproto;
}

async function addRule(family: Family, { priority, table, protocol, iif, ipproto }: Rule): Promise<void> {
  const selector = [...(iif === undefined ? [] : ['iif', iif]), ...(ipproto === undefined ? [] : ['ipproto', ipproto])];
  await ip([family, 'rule', 'add', 'pref', String(priority), ...selector, 'lookup', table, 'protocol', protocol]);
}

/** A link that goes down at this moment takes its routes along. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && error.message.includes('No such process'))) throw error;
}
