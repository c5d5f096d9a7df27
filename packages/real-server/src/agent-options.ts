import { type LogFormat, type LogLevel, logLevels } from '@weir/daemon';
import type { XdpModeWanted } from '@weir/dataplane';
import { canonicalAddress, isIpAddress } from '@weir/packet';
import { type Encapsulation, encapsulations } from './advertised-mss.js';
import { invalidArgument, oneOf, parsePort } from './agent-argument.js';
import { AgentError } from './agent-error.js';
import { type Network, parseNetwork } from './network.js';
import type { ToaOptions } from './toa.js';

/** Entries of the map `peers` in bpf/lib/peers.h. */
const PEERS_MAX = 1024;

/** What the agent does, checked. */
export interface AgentOptions {
  readonly interface: string;
  /** Canonical text, no two the same; none for a backend of nat and fullnat alone. */
  readonly vips: readonly string[];
  /** Empty: packets come as clients sent them (the method dr), or there is no VIP. */
  readonly enabled: readonly Encapsulation[];
  readonly guePort: number;
  readonly fouPort: number;
  readonly secondChancePort: number;
  /** Nodes and fellow backends; none without second_chance. */
  readonly peers: readonly Network[];
  /** Absent: servers see the nodes' local addresses (the method fullnat). */
  readonly toa?: ToaOptions;
  readonly mode: XdpModeWanted;
  readonly pinDirectory: string;
  /** Leave everything in place at the end. */
  readonly keep: boolean;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
}

/** The command line's values as they were written. */
export interface RawOptions {
  readonly interface: string;
  readonly vip: readonly string[];
  readonly decap: string;
  readonly guePort: string;
  readonly fouPort: string;
  readonly secondChancePort: string;
  readonly peer: readonly string[];
  readonly toa: boolean;
  readonly toaFrom: readonly string[];
  readonly cgroup?: string;
  readonly mode: string;
  readonly pinDirectory: string;
  readonly keep: boolean;
  readonly logLevel: string;
  readonly logFormat: string;
}

/** @throws {AgentError} ARGUMENT_INVALID naming the flag, the value and what would be right */
export function parseAgentOptions(raw: RawOptions): AgentOptions {
  const vips = raw.vip.map((text) => {
    if (!isIpAddress(text)) throw invalidArgument('--vip', text, 'is not an IP address');
    return canonicalAddress(text);
  });
  const twice = vips.find((vip, i) => vips.indexOf(vip) !== i);
  if (twice !== undefined) throw invalidArgument('--vip', twice, 'is given twice');
  if (vips.length === 0 && !raw.toa) {
    throw new AgentError(
      'ARGUMENT_INVALID',
      '--vip: expected at least one virtual IP address; only with --toa, for nat and fullnat alone, none is fine',
      { details: { flag: '--vip' } },
    );
  }
  const enabled = vips.length === 0 ? [] : parseEncapsulations(raw.decap);
  const ports = {
    guePort: parsePort('--gue-port', raw.guePort),
    fouPort: parsePort('--fou-port', raw.fouPort),
    secondChancePort: parsePort('--second-chance-port', raw.secondChancePort),
  };
  refusePortTwice(raw, enabled);
  if (!raw.pinDirectory.startsWith('/'))
    throw invalidArgument('--pin-directory', raw.pinDirectory, 'is not an absolute path');
  return {
    interface: raw.interface,
    vips,
    enabled,
    ...ports,
    peers: parsePeers(raw, enabled),
    ...(raw.toa ? { toa: parseToa(raw) } : refuseWithoutToa(raw)),
    mode: oneOf('--mode', raw.mode, ['auto', 'native', 'generic']),
    pinDirectory: raw.pinDirectory,
    keep: raw.keep,
    log: {
      level: oneOf('--log-level', raw.logLevel, logLevels),
      format: oneOf('--log-format', raw.logFormat, ['json', 'pretty']),
    },
  };
}

/** The port alone tells these encapsulations apart. */
function refusePortTwice(raw: RawOptions, enabled: readonly Encapsulation[]): void {
  const ports = [
    ['gue', '--gue-port', raw.guePort],
    ['fou', '--fou-port', raw.fouPort],
    ['second_chance', '--second-chance-port', raw.secondChancePort],
  ] as const;
  const used = ports.filter(([name]) => enabled.includes(name));
  for (const [i, [, flag, text]] of used.entries()) {
    const other = used.slice(0, i).find(([, , before]) => Number(before) === Number(text));
    if (other !== undefined) throw invalidArgument(flag, text, `is ${other[1]} too; give each a port of its own`);
  }
}

function parsePeers({ peer }: RawOptions, enabled: readonly Encapsulation[]): readonly Network[] {
  const peers = peer.map((text) => {
    const network = parseNetwork(text);
    if (network === undefined) throw invalidArgument('--peer', text, 'is not a network such as 10.0.0.0/8');
    return network;
  });
  const isEnabled = enabled.includes('second_chance');
  if (!isEnabled && peer[0] !== undefined)
    throw invalidArgument('--peer', peer[0], 'means nothing without --decap second_chance');
  if (isEnabled && peers.length === 0) {
    throw new AgentError(
      'ARGUMENT_INVALID',
      '--decap second_chance: expected --peer NETWORK too, with the nodes and the fellow backends: who else sends a list of hops could make this host send packets to anybody',
      { details: { flag: '--peer' } },
    );
  }
  if (peers.length > PEERS_MAX)
    throw invalidArgument('--peer', peer.at(-1) as string, `is one too many: ${PEERS_MAX} fit`);
  return peers;
}

function parseToa({ toaFrom, cgroup }: RawOptions): ToaOptions {
  const from = toaFrom.map((text) => {
    const network = parseNetwork(text);
    if (network === undefined) throw invalidArgument('--toa-from', text, 'is not a network such as 10.0.0.0/8');
    return network;
  });
  if (from.length === 0) {
    throw new AgentError(
      'ARGUMENT_INVALID',
      "--toa: expected --toa-from NETWORK too, with the nodes' local addresses: who else sends the option may claim to be anybody",
      { details: { flag: '--toa-from' } },
    );
  }
  return { from, ...(cgroup === undefined ? {} : { cgroup }) };
}

function refuseWithoutToa({ toaFrom, cgroup }: RawOptions): object {
  if (toaFrom[0] !== undefined) throw invalidArgument('--toa-from', toaFrom[0], 'means nothing without --toa');
  if (cgroup !== undefined) throw invalidArgument('--cgroup', cgroup, 'means nothing without --toa');
  return {};
}

function parseEncapsulations(list: string): readonly Encapsulation[] {
  if (list === 'none') return [];
  const names = list.split(',').map((name) => name.trim());
  if (names.includes('none')) throw invalidArgument('--decap', list, 'names encapsulations beside none');
  return names.map((name) => oneOf('--decap', name, encapsulations));
}
