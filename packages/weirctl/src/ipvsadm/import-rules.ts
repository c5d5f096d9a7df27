import type { ServiceInput } from '@weir/control';
import type { Loss } from '../glb-losses.js';
import { carryService, serviceName } from './carry-service.js';
import type { FirewallMarks } from './firewall-marks.js';
import { IpvsadmError } from './ipvsadm-error.js';
import { listenersOfMark, type MarkKey, markServiceName } from './mark-service.js';
import type { NameLookup } from './name-lookup.js';
import { parseIpvsadm } from './parse-command.js';
import type { ListenerInput, Lose, PlacedServer, PlacedService } from './placed-service.js';
import { keyText, type ServiceKey, type VirtualService } from './virtual-service.js';

/** Rules of IPVS as weir.yaml has them. */
export interface ImportedRules {
  readonly services: readonly ServiceInput[];
  readonly losses: readonly Loss[];
}

interface Rule {
  readonly place: string;
  readonly service: VirtualService;
  readonly servers: PlacedServer[];
}

/**
 * Carries over what `ipvsadm -S -n` printed: lines of -A and -a, each with or without the word ipvsadm before it.
 * @param marks  the listeners of firewall marks, from iptables rules
 */
export async function importRules(text: string, marks: FirewallMarks, names: NameLookup): Promise<ImportedRules> {
  const losses: Loss[] = [];
  const lose: Lose = (path, message) => losses.push({ path, message });
  const rules = await readRules(text, names, lose);
  const placed = rules.flatMap((rule) => placedService(rule, marks, lose));
  const vips = new Set(placed.flatMap(({ listeners }) => listeners.map(({ vip }) => vip)));
  const services = placed.flatMap((service) => carryService(service, vips, lose) ?? []);
  return { services, losses };
}

async function readRules(text: string, names: NameLookup, lose: Lose): Promise<Rule[]> {
  const rules = new Map<string, Rule>();
  for (const [index, line] of text.split('\n').entries()) {
    const words = line
      .trim()
      .split(/\s+/)
      .filter((word) => word !== '');
    if (words[0]?.endsWith('ipvsadm')) words.shift();
    if (words.length === 0 || words[0]?.startsWith('#')) continue;
    await readRule(words, `line ${index + 1}`, rules, names, lose);
  }
  return [...rules.values()];
}

async function readRule(
  words: readonly string[],
  place: string,
  rules: Map<string, Rule>,
  names: NameLookup,
  lose: Lose,
): Promise<void> {
  const command = await parseIpvsadm(words, names).catch((error: unknown) => {
    if (!(error instanceof IpvsadmError)) throw error;
    return error;
  });
  if (command instanceof IpvsadmError) return lose(place, `"${words.join(' ')}": ${command.message}`);
  switch (command.kind) {
    case 'add-service': {
      const key = keyText(command.service.key);
      if (rules.has(key)) return lose(place, `${key} is there already: left out`);
      rules.set(key, { place, service: command.service, servers: [] });
      return;
    }
    case 'add-server': {
      const rule = rules.get(keyText(command.key));
      if (rule === undefined) return lose(place, `${keyText(command.key)} was not added before, by -A: left out`);
      rule.servers.push({ place, server: command.server });
      return;
    }
    default:
      lose(place, `"${words.join(' ')}" is no rule, which begins with -A or -a: left out`);
  }
}

function placedService({ place, service, servers }: Rule, marks: FirewallMarks, lose: Lose): PlacedService[] {
  const { key } = service;
  const listeners = listenersOf(key, marks);
  if (listeners.length === 0) {
    lose(
      place,
      `${keyText(key)}: which packets have the mark, iptables or nft say; give their rules with --iptables (iptables-save), or write a service with their listeners`,
    );
    return [];
  }
  const [only] = listeners;
  const name = key.kind === 'mark' || only === undefined ? markServiceName((key as MarkKey).mark) : serviceName(only);
  return [{ place, name, listeners, settings: service, servers }];
}

function listenersOf(key: ServiceKey, marks: FirewallMarks): readonly ListenerInput[] {
  return key.kind === 'address' ? [listenerOf(key)] : listenersOfMark(key, marks);
}

/** The listener of a service that has an address; port 0 stands for all. */
export function listenerOf({ protocol, address, port }: ServiceKey & { kind: 'address' }): ListenerInput {
  return { vip: address, protocol, port: port === 0 ? 'all' : port };
}
