import { readFileSync } from 'node:fs';
import type { ForwardingTables } from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';
import { networkCommand } from '../portable-runtime/network-command.js';
import {
  answerLine,
  answerRemovalLine,
  answerRuleLine,
  type FamilyOption,
  probeRouteLine,
  probeRuleLine,
  removalLines,
} from './routing-lines.js';

const families = ['-4', '-6'] as const;

/** What `ip -json link show` says, of what is used here. */
interface Link {
  readonly ifname: string;
  readonly mtu: number;
}

/** The kernel's rules and routes that lead marked packets to lo, and let their answers in. */
export class ProbeRouting implements AsyncDisposable {
  readonly #interfaces: readonly string[];
  /** VIPs that answers are let in from. */
  #answering: ReadonlySet<string> = new Set();
  #isAnswerRuleThere = false;

  /** Removes what a former life left, and adds the rules. @throws {DataplaneError} COMMAND_MISSING, COMMAND_FAILED */
  static async open(interfaces: readonly string[]): Promise<ProbeRouting> {
    await removeAll();
    for (const family of families) await batch(family, [probeRuleLine]);
    return new ProbeRouting(interfaces);
  }

  private constructor(interfaces: readonly string[]) {
    this.#interfaces = interfaces;
  }

  /** @throws {DataplaneError} COMMAND_FAILED */
  async set(vips: readonly string[], sources: ForwardingTables['sources']): Promise<void> {
    const mtuBytes = await this.#mtuBytes();
    const answering = new Set(this.#looksBack() ? vips.filter((vip) => !vip.includes(':')) : []);
    const gone = [...this.#answering].filter((vip) => !answering.has(vip));
    const added = [...answering].filter((vip) => !this.#answering.has(vip));
    const isRuleMissing = answering.size > 0 && !this.#isAnswerRuleThere;
    await batch('-4', [
      probeRouteLine('-4', sources.ipv4, mtuBytes),
      ...(isRuleMissing ? [answerRuleLine] : []),
      ...gone.map(answerRemovalLine),
      ...added.map((vip) => answerLine(vip, this.#interfaces)),
    ]);
    this.#isAnswerRuleThere ||= isRuleMissing;
    this.#answering = answering;
    await batch('-6', [probeRouteLine('-6', sources.ipv6, mtuBytes)]);
  }

  /** Does the kernel look for a way back to the source of what comes in? The larger of two values counts. */
  #looksBack(): boolean {
    return ['all', ...this.#interfaces].some((name) => reversePathFilter(name) !== '0');
  }

  async #mtuBytes(): Promise<number> {
    const links = JSON.parse(await networkCommand('ip', ['-json', 'link', 'show'])) as readonly Link[];
    return Math.min(...links.filter(({ ifname }) => this.#interfaces.includes(ifname)).map(({ mtu }) => mtu));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeAll();
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

async function batch(family: FamilyOption, lines: readonly string[]): Promise<void> {
  await networkCommand('ip', [family, '-batch', '-'], lines);
}

/** What is not there can't be removed, which `ip` says, and goes on. */
async function removeAll(): Promise<void> {
  for (const family of families) {
    await networkCommand('ip', [family, '-force', '-batch', '-'], removalLines).catch((error: unknown) => {
      if (!(error instanceof DataplaneError && error.code === 'COMMAND_FAILED')) throw error;
    });
  }
}
