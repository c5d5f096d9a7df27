import type { ForwardingTables } from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';
import { networkCommand } from './network-command.js';
import { type IngressInterface, type SteeringRule, steeringRules } from './steering-rules.js';
import { addLine, type Generation, prefsOf } from './tc-lines.js';

/** What `ip -json address show` says of one interface, as far as it is read here. */
interface AddressAnswer {
  readonly ifname: string;
  readonly ifindex: number;
  readonly link_type: string;
  readonly address?: string;
  readonly addr_info: readonly { readonly local?: string; readonly broadcast?: string }[];
}

/** What `tc -json filter show` says of one filter. */
interface FilterAnswer {
  readonly pref: number;
}

/** A hash table of tc-u32 numbers its filters itself from 0x800 to 0xfff. */
const RULES_OF_A_KIND_MAX = 2047;
const generations: readonly Generation[] = [0, 1];

/**
 * Leads packets that arrive at interfaces into a device, by filters of tc-u32 on their way in: before routing and netfilter
 * see them, as XDP would, and without touching routes or rules.
 */
export class IngressSteering implements AsyncDisposable {
  readonly #device: string;
  readonly #wanted: readonly string[];
  /** By name of the interface: what is there. */
  readonly #installed = new Map<string, { readonly text: string; readonly generation: Generation }>();

  constructor(device: string, interfaces: readonly string[]) {
    this.#device = device;
    this.#wanted = interfaces;
  }

  /** The interfaces whose packets are led here now. */
  get served(): readonly string[] {
    return [...this.#installed.keys()];
  }

  /**
   * Leads here what tables want to see. No packet is missed meanwhile: new filters are there before the old ones go.
   * @throws {DataplaneError} INTERFACE_MISSING, after the others were served; TABLES_TOO_LARGE; COMMAND_*
   */
  async set(tables: ForwardingTables): Promise<void> {
    const answers = await readInterfaces();
    const rules = steeringRules(tables, ownAddresses(answers));
    refuseTooMany(rules);
    const missing: string[] = [];
    for (const name of this.#wanted) {
      const answer = answers.find(({ ifname }) => ifname === name);
      if (answer === undefined) missing.push(name);
      else await this.#install(rules, ingressInterface(answer));
    }
    for (const name of missing) this.#installed.delete(name);
    if (missing.length === 0) return;
    throw new DataplaneError('INTERFACE_MISSING', `interface "${missing[0]}" does not exist; see "ip link"`, {
      details: { interfaces: missing },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const present = new Set((await readInterfaces()).map(({ ifname }) => ifname));
    for (const name of this.served) if (present.has(name)) await removeFrom(name, generations);
    this.#installed.clear();
  }

  async #install(rules: readonly SteeringRule[], at: IngressInterface): Promise<void> {
    const before = this.#installed.get(at.name);
    const text = JSON.stringify([at, rules]);
    const prefs = await prefsAt(at.name);
    const isThere = (generation: Generation) => prefsOf(generation).some(({ pref }) => prefs?.has(pref));
    if (before?.text === text && isThere(before.generation)) return;
    // What a process left that was killed leads nowhere.
    if (before === undefined) await removeFrom(at.name, generations);
    const generation: Generation = before?.generation === 0 ? 1 : 0;
    if ((await prefsAt(at.name)) === undefined) await networkCommand('tc', ['qdisc', 'add', 'dev', at.name, 'clsact']);
    const lines = rules.map((rule) => addLine(rule, at, generation, this.#device));
    try {
      await networkCommand('tc', ['-batch', '-'], lines);
    } catch (error) {
      await removeFrom(at.name, [generation]);
      throw error;
    }
    this.#installed.set(at.name, { text, generation });
    if (before !== undefined) await removeFrom(at.name, [before.generation]);
  }
}

async function readInterfaces(): Promise<readonly AddressAnswer[]> {
  return JSON.parse((await networkCommand('ip', ['-json', 'address', 'show'])) || '[]') as readonly AddressAnswer[];
}

function ingressInterface({ ifname, ifindex, link_type, address }: AddressAnswer): IngressInterface {
  return { name: ifname, ifindex, mac: link_type === 'ether' ? address : undefined };
}

function ownAddresses(answers: readonly AddressAnswer[]): readonly string[] {
  const infos = answers.flatMap(({ addr_info: info }) => info);
  return infos.flatMap(({ local, broadcast }) => [local, broadcast]).filter((address) => address !== undefined);
}

function refuseTooMany(rules: readonly SteeringRule[]): void {
  const counts = new Map<string, number>();
  for (const { stage, family } of rules) {
    const kind = `${stage}/${family}`;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    if (count <= RULES_OF_A_KIND_MAX) continue;
    throw new DataplaneError(
      'TABLES_TOO_LARGE',
      `the portable engine leads at most ${RULES_OF_A_KIND_MAX} IPv${family} addresses of VIPs, and as many of backends of nat, to itself; spread the services over nodes, or use the engine xdp`,
    );
  }
}

/** Priorities of the filters at an interface; undefined: there is no place for filters. */
async function prefsAt(name: string): Promise<ReadonlySet<number> | undefined> {
  const qdiscs = await networkCommand('tc', ['qdisc', 'show', 'dev', name]);
  if (!/^qdisc (clsact|ingress) /m.test(qdiscs)) return undefined;
  const text = await networkCommand('tc', ['-json', 'filter', 'show', 'dev', name, 'ingress']);
  const filters = JSON.parse(text.trim() || '[]') as readonly FilterAnswer[];
  return new Set(filters.map(({ pref }) => pref));
}

/** And the place for filters, where nobody else uses it. */
async function removeFrom(name: string, which: readonly Generation[]): Promise<void> {
  const prefs = await prefsAt(name);
  if (prefs === undefined) return;
  const ours = which.flatMap(prefsOf).filter(({ pref }) => prefs.has(pref));
  for (const { pref, protocol } of ours) {
    const where = ['filter', 'del', 'dev', name, 'ingress', 'protocol', protocol, 'pref', String(pref)];
    await networkCommand('tc', where);
  }
  const isEmpty = prefs.size === ours.length && ours.length > 0;
  if (!isEmpty || which.length < generations.length) return;
  const leaving = await networkCommand('tc', ['-json', 'filter', 'show', 'dev', name, 'egress']).catch(() => '[]');
  if (JSON.parse(leaving.trim() || '[]').length > 0) return;
  await networkCommand('tc', ['qdisc', 'del', 'dev', name, 'clsact']);
}
