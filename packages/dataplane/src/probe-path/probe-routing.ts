import { readFileSync } from 'node:fs';
import type { ForwardingTables } from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';
import { networkCommand } from '../portable-runtime/network-command.js';
import {
  ANSWER_TABLE,
  answerLine,
  answerRemovalLine,
  answerRuleLine,
  type FamilyOption,
  PROBE_TABLE,
  probeRouteLine,
  probeRuleLine,
  removalLines,
} from './routing-lines.js';

const families = ['-4', '-6'] as const;

/** What `ip -json link show` says, of what is used here. */
interface Link {
  readonly ifname: string;
  readonly mtu: number;
  readonly flags: readonly string[];
}

/** The kernel's rules and routes that lead marked packets to lo, and let their answers in. */
export class ProbeRouting implements AsyncDisposable {
  readonly #interfaces: readonly string[];
  /** VIPs that answers are let in from. */
  #answering: ReadonlySet<string> = new Set();

  /** Removes what a former life left. @throws {DataplaneError} COMMAND_MISSING */
  static async open(interfaces: readonly string[]): Promise<ProbeRouting> {
    await ProbeRouting.remove();
    return new ProbeRouting(interfaces);
  }

  /** Removes rules and routes, whoever made them. @throws {DataplaneError} COMMAND_MISSING */
  static async remove(): Promise<void> {
    for (const family of families) await remove(family, removalLines);
  }

  private constructor(interfaces: readonly string[]) {
    this.#interfaces = interfaces;
  }

  /** Families that no VIP is of are left alone: a kernel may be without one. @throws {DataplaneError} COMMAND_FAILED */
  async set(vips: readonly string[], sources: ForwardingTables['sources']): Promise<void> {
    const links = await this.#links();
    const mtuBytes = Math.min(...links.map(({ mtu }) => mtu));
    const ipv4 = vips.filter((vip) => !vip.includes(':'));
    if (ipv4.length > 0) await this.#lead('-4', sources.ipv4, mtuBytes);
    if (ipv4.length < vips.length) await this.#lead('-6', sources.ipv6, mtuBytes);
    await this.#letAnswersIn(new Set(this.#looksBack() ? ipv4 : []), links);
  }

  async #lead(family: FamilyOption, source: string | undefined, mtuBytes: number): Promise<void> {
    await addRule(family, PROBE_TABLE, probeRuleLine);
    await batch(family, [probeRouteLine(family, source, mtuBytes)]);
  }

  /** All is stated anew: a link that was down has lost its routes. */
  async #letAnswersIn(vips: ReadonlySet<string>, links: readonly Link[]): Promise<void> {
    const ways = links.filter(({ flags }) => flags.includes('UP')).map(({ ifname }) => ifname);
    const gone = [...this.#answering].filter((vip) => !vips.has(vip));
    if (gone.length > 0) await remove('-4', gone.map(answerRemovalLine));
    this.#answering = vips;
    if (vips.size === 0 || ways.length === 0) return;
    await addRule('-4', ANSWER_TABLE, answerRuleLine);
    await batch(
      '-4',
      [...vips].map((vip) => answerLine(vip, ways)),
    );
  }

  /** Does the kernel look for a way back to the source of what comes in? The larger of two values counts. */
  #looksBack(): boolean {
    return ['all', ...this.#interfaces].some((name) => reversePathFilter(name) !== '0');
  }

  async #links(): Promise<Link[]> {
    const links = JSON.parse(await networkCommand('ip', ['-json', 'link', 'show'])) as readonly Link[];
    return links.filter(({ ifname }) => this.#interfaces.includes(ifname));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ProbeRouting.remove();
  }
}

/** A kernel without IPv4, or an interface that went: nobody looks. */
function reversePathFilter(interfaceName: string): string {
  try {
    return readFileSync(`/proc/sys/net/ipv4/conf/${interfaceName}/rp_filter`, 'utf8').trim();
  } catch {
    return '0';
  }
}

/** Where it is not there (any more): managers of networks, such as systemd-networkd, remove rules of others when they start. */
async function addRule(family: FamilyOption, preference: number, line: string): Promise<void> {
  const answer = await networkCommand('ip', ['-json', family, 'rule', 'show']);
  const rules = JSON.parse(answer) as readonly { readonly priority: number }[];
  if (!rules.some(({ priority }) => priority === preference)) await batch(family, [line]);
}

async function batch(family: FamilyOption, lines: readonly string[]): Promise<void> {
  await networkCommand('ip', [family, '-batch', '-'], lines);
}

/** Goes on where something is not there, of which `ip` complains. */
async function remove(family: FamilyOption, lines: readonly string[]): Promise<void> {
  await networkCommand('ip', [family, '-force', '-batch', '-'], lines).catch((error: unknown) => {
    if (!(error instanceof DataplaneError && error.code === 'COMMAND_FAILED')) throw error;
  });
}
