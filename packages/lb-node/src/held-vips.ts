import { ip, ipJson } from './ip-command.js';
import { families, isOfFamily, WEIR_PROTOCOL } from './route-protocol.js';

/** Where the kernel has the rule for addresses of its own, and where it goes, behind the rules of probes (5700, 5701). */
const KERNEL_PREFERENCE = 0;
const LOCAL_PREFERENCE = 5710;
/** Table, and preference of the rules that lead to it: what reached a VIP and is no service. */
const STRAY = 5705;
/** The same of the node's own look-ups: VIPs are out there, so that what comes from them is no martian. */
const ANSWER = 5706;
const strayProtocols = ['tcp', 'udp'] as const;

interface Rule {
  readonly priority: number;
  readonly iif?: string;
  readonly ipproto?: string;
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
  #vips: ReadonlySet<string> = new Set();

  private constructor(interfaces: readonly string[]) {
    this.#interfaces = interfaces;
  }

  /** Adds the rules, as far as they are not there. @throws {IpCommandError} */
  static async open(interfaces: readonly string[]): Promise<HeldVips> {
    for (const family of families) {
      const rules = await ipJson<Rule>([family, 'rule', 'show']);
      const has = (wanted: Rule) => rules.some((rule) => isSame(rule, wanted));
      for (const rule of ownRules(family, interfaces)) {
        if (!has(rule)) await change(family, 'add', rule, String(rule.priority));
      }
      const moved = { priority: LOCAL_PREFERENCE };
      if (!has(moved)) await change(family, 'add', moved, 'local');
      // The other comes first: without either, the node would not know its own addresses for a moment.
      if (has({ priority: KERNEL_PREFERENCE })) await ip([family, 'rule', 'del', 'pref', '0', 'lookup', 'local']);
      // Of a former life; there may be no such tables.
      for (const table of [STRAY, ANSWER]) {
        await ip([family, 'route', 'flush', 'table', String(table)]).catch(() => {});
      }
    }
    return new HeldVips(interfaces);
  }

  /** These are all VIPs, held here or elsewhere. @throws {IpCommandError} */
  async set(vips: ReadonlySet<string>): Promise<void> {
    for (const vip of this.#vips) if (!vips.has(vip)) await this.#route('del', vip);
    for (const vip of vips) if (!this.#vips.has(vip)) await this.#route('replace', vip);
    this.#vips = new Set(vips);
  }

  /** The rules are those of the kernel again. @throws {IpCommandError} */
  async close(): Promise<void> {
    await this.set(new Set());
    for (const family of families) {
      const kernel = ['pref', String(KERNEL_PREFERENCE), 'lookup', 'local'];
      await ip([family, 'rule', 'add', ...kernel]);
      await change(family, 'del', { priority: LOCAL_PREFERENCE }, 'local');
      for (const rule of ownRules(family, this.#interfaces)) await change(family, 'del', rule, String(rule.priority));
    }
  }

  async #route(verb: 'replace' | 'del', vip: string): Promise<void> {
    for (const family of families.filter((option) => isOfFamily(vip, option))) {
      await ip([family, 'route', verb, 'unreachable', vip, 'table', String(STRAY), 'proto', WEIR_PROTOCOL]);
      if (!letsAnswersIn(family)) continue;
      const way = ['dev', this.#interfaces[0] as string, 'scope', 'link', 'table', String(ANSWER)];
      await ip([family, 'route', verb, vip, ...way, 'proto', WEIR_PROTOCOL]);
    }
  }
}

/** Each leads to the table that has its priority as number. */
function ownRules(family: string, interfaces: readonly string[]): readonly Rule[] {
  return [
    ...interfaces.flatMap((iif) => strayProtocols.map((ipproto) => ({ priority: STRAY, iif, ipproto }))),
    ...(letsAnswersIn(family) ? [{ priority: ANSWER, iif: 'lo' }] : []),
  ];
}

/** IPv6 does not look whether a source is one of its own addresses. */
function letsAnswersIn(family: string): boolean {
  return family === '-4';
}

function isSame(a: Rule, b: Rule): boolean {
  return a.priority === b.priority && a.iif === b.iif && a.ipproto === b.ipproto;
}

async function change(family: string, verb: 'add' | 'del', rule: Rule, table: string): Promise<void> {
  const iif = rule.iif === undefined ? [] : ['iif', rule.iif];
  const ipproto = rule.ipproto === undefined ? [] : ['ipproto', rule.ipproto];
  const what = ['pref', String(rule.priority), ...iif, ...ipproto, 'lookup', table, 'protocol', WEIR_PROTOCOL];
  await ip([family, 'rule', verb, ...what]);
}
