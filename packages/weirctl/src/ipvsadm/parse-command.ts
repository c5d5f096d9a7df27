import type { IpvsadmCommand, ListFormat, ListSettings, Timeouts } from './ipvsadm-command.js';
import { wrongUsage } from './ipvsadm-error.js';
import type { NameLookup } from './name-lookup.js';
import type { OptionName } from './option-table.js';
import { parseRealServer, parseServerAddress } from './parse-real-server.js';
import { parseService, parseServiceKey } from './parse-service.js';
import { wholeNumber } from './read-endpoint.js';
import { type SplitOptions, splitOptions } from './split-options.js';

/** 31 days, as ipvsadm has it. */
const TIMEOUT_MAX = 31 * 24 * 3600;

/**
 * Reads a command line of ipvsadm(8), without the program's name.
 * @throws {IpvsadmError} IPVSADM_USAGE, with ipvsadm's text
 */
export async function parseIpvsadm(words: readonly string[], names: NameLookup): Promise<IpvsadmCommand> {
  if (words.length === 0) return { kind: 'list', key: undefined, settings: listSettings(new Map(), 'default') };
  const split = splitOptions(words);
  const { command, options } = split;
  const [unexpected] = command === 'timeout' ? split.rest.slice(3) : split.rest;
  if (unexpected !== undefined) wrongUsage(`unexpected argument ${unexpected}`);
  switch (command) {
    case 'add-service':
    case 'edit-service':
      return { kind: command, service: await parseService(options, names) };
    case 'delete-service':
      return { kind: command, key: await parseServiceKey(options, names) };
    case 'flush':
      return { kind: 'clear' };
    case 'add-server':
    case 'edit-server': {
      const key = await parseServiceKey(options, names);
      return { kind: command, key, server: await parseRealServer(options, key, names) };
    }
    case 'delete-server': {
      const key = await parseServiceKey(options, names);
      return { kind: command, key, ...(await parseServerAddress(options, key, names)) };
    }
    case 'list':
      return parseList(split, names);
    case 'zero':
      return { kind: 'zero', key: await optionalKey(options, names) };
    case 'timeout':
      return { kind: 'set-timeouts', timeouts: parseTimeouts(split.rest) };
    case 'save':
      return { kind: 'save', settings: listSettings(options, 'rules') };
    case 'start-daemon':
    case 'stop-daemon':
      return { kind: command, state: parseDaemonState(command, split.value) };
    case 'restore':
    case 'help':
    case 'version':
      return { kind: command };
  }
}

async function parseList({ options }: SplitOptions, names: NameLookup): Promise<IpvsadmCommand> {
  const given = (...of: readonly OptionName[]) => of.filter((option) => options.has(option));
  const tables = given('stats', 'rate', 'thresholds', 'persistent-conn', 'tun-info');
  const [other] = given('connection', 'timeout', 'daemon');
  if (other !== undefined && tables[0] !== undefined && !(other === 'connection' && tables[0] === 'persistent-conn')) {
    wrongUsage(`options conflicts in the list command: --${other} and --${tables[0]}`);
  }
  const settings = listSettings(options, (tables[0] as ListFormat | undefined) ?? 'default');
  if (other === 'connection') return { kind: 'list-connections' };
  const key = await optionalKey(options, names);
  if (key === undefined && other === 'timeout') return { kind: 'list-timeouts' };
  if (key === undefined && other === 'daemon') return { kind: 'list-daemons' };
  return { kind: 'list', key, settings };
}

function listSettings(options: SplitOptions['options'], format: ListFormat): ListSettings {
  return {
    format,
    numeric: options.has('numeric'),
    exact: options.has('exact'),
    sorted: !options.has('nosort'),
  };
}

async function optionalKey(options: SplitOptions['options'], names: NameLookup) {
  return options.has('service-address') ? parseServiceKey(options, names) : undefined;
}

function parseTimeouts(words: readonly string[]): Timeouts {
  const [tcp, tcpFin, udp] = words.map((word) => {
    const seconds = wholeNumber(word, 0, TIMEOUT_MAX);
    return (
      seconds ?? wrongUsage(`invalid timeout value \`${word}' specified; --set takes seconds, ${TIMEOUT_MAX} at most`)
    );
  });
  if (tcp === undefined || tcpFin === undefined || udp === undefined) {
    wrongUsage(`--set option requires 3 timeout values, tcp tcpfin udp; ${words.length} given`);
  }
  return { tcp, tcpFin, udp };
}

function parseDaemonState(command: string, value: string | undefined): 'master' | 'backup' {
  if (value === 'master' || value === 'backup') return value;
  return wrongUsage(`illegal ${command} parameter specified: "${value}" is neither master nor backup`);
}
