import type { ListFormat } from './ipvsadm-command.js';
import { largeNumber } from './large-number.js';
import type { ListedServer, ListedService } from './listed-service.js';
import { netmaskText } from './netmask-text.js';

/** Names an endpoint: by numbers, or as the system knows it. */
export type EndpointName = (address: string, port: number | string) => string;

/** How a list is printed. */
export interface PrintSettings {
  readonly format: Exclude<ListFormat, 'rules'>;
  readonly exact: boolean;
  readonly nameOf: EndpointName;
}

const NAME_WIDTH = 33;
const SERVER_WIDTH = 28;

/**
 * The first line of a whole list. The version is that of IPVS whose list this is.
 * @param size  flows that can be remembered
 */
export function versionLine(size: number): string {
  return `IP Virtual Server version 1.2.1 (size=${size})`;
}

/** The lines of ipvsadm -L, with their titles; columns and blanks at ends of lines are ipvsadm's. */
export function listLines(services: readonly ListedService[], settings: PrintSettings): string[] {
  return [
    ...titleLines(settings.format),
    ...services.flatMap((service) => [
      serviceLine(service, settings),
      ...service.servers.map((server) => serverLine(server, service, settings)),
    ]),
  ];
}

function titleLines(format: PrintSettings['format']): string[] {
  const local = 'Prot LocalAddress:Port'.padEnd(NAME_WIDTH);
  const remote = '  -> RemoteAddress:Port';
  const wide = (...columns: readonly string[]) => columns.map((column) => ` ${column.padStart(8)}`).join('');
  switch (format) {
    case 'stats':
      return [`${local}${wide('Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes')}`, remote];
    case 'rate':
      return [`${local}${wide('CPS', 'InPPS', 'OutPPS', 'InBPS', 'OutBPS')}`, remote];
    case 'thresholds':
      return [
        `${local} ${columns([10, 'Uthreshold'], [10, 'Lthreshold'], [10, 'ActiveConn'], [10, 'InActConn'])}`,
        remote,
      ];
    case 'persistent-conn':
      return [`${local} ${columns([9, 'Weight'], [11, 'PersistConn'], [10, 'ActiveConn'], [10, 'InActConn'])}`, remote];
    case 'tun-info':
      return [
        'Prot LocalAddress:Port Scheduler Flags',
        `${remote}           Forward TunnelInfo    Weight ActiveConn InActConn`,
      ];
    case 'default':
      return ['Prot LocalAddress:Port Scheduler Flags', `${remote}           Forward Weight ActiveConn InActConn`];
  }
}

function serviceLine(service: ListedService, { format, exact, nameOf }: PrintSettings): string {
  const { protocol, address, port, mark, counters } = service;
  const endpoint = mark === undefined ? nameOf(address, port) : `${mark}${address.includes(':') ? ' IPv6' : ''}`;
  const whole = `${(mark === undefined ? protocol.toUpperCase() : 'FWM').padEnd(4)} ${endpoint}`;
  const name = address.includes(':') ? whole : whole.slice(0, NAME_WIDTH);
  const numbers = numbersOf(counters, format);
  if (numbers !== undefined)
    return `${name.padEnd(NAME_WIDTH)}${numbers.map((number) => largeNumber(number, exact)).join('')}`;
  return `${name} ${service.settings.scheduler}${flagsText(service)}`;
}

function flagsText({ address, settings: { schedulerFlags, persistence } }: ListedService): string {
  const ofIpv6 = address.includes(':');
  const flags = schedulerFlags.length === 0 ? '' : ` (${schedulerFlags.join(',')})`;
  if (persistence === undefined) return flags;
  const { timeoutSeconds, prefixBits } = persistence;
  const isWhole = prefixBits === undefined || prefixBits === (ofIpv6 ? 128 : 32);
  return `${flags} persistent ${timeoutSeconds}${isWhole ? '' : ` mask ${netmaskText(prefixBits, ofIpv6)}`}`;
}

function serverLine(server: ListedServer, service: ListedService, { format, exact, nameOf }: PrintSettings): string {
  const whole = nameOf(server.address, server.port);
  const name = `  -> ${(service.address.includes(':') ? whole : whole.slice(0, SERVER_WIDTH)).padEnd(SERVER_WIDTH)}`;
  const { weight, upperThreshold, lowerThreshold, counters } = server;
  const connections = [
    [10, counters.activeConnections],
    [10, counters.inactiveConnections],
  ] as const;
  switch (format) {
    case 'stats':
      return `${name}${numbersOf(counters, format)
        ?.map((number) => largeNumber(number, exact))
        .join('')}`;
    case 'rate':
      return `${name}${rateText(counters, exact)}`;
    case 'thresholds':
      return `${name} ${columns([10, upperThreshold], [10, lowerThreshold], ...connections)}`;
    case 'persistent-conn':
      // Persistence is a way to remember flows, and has no connections of its own.
      return `${name} ${columns([9, weight], [11, 0], ...connections)}`;
    case 'tun-info':
      return `${name} ${columns([7, forwardName(server)], [13, tunnelText(server)], [6, weight], ...connections)}`;
    case 'default':
      return `${name} ${columns([7, forwardName(server)], [6, weight], ...connections)}`;
  }
}

/** Connections, packets in and out, bytes in and out; undefined: the format has none. */
function numbersOf(
  counters: ListedService['counters'],
  format: PrintSettings['format'],
): readonly bigint[] | undefined {
  if (format !== 'stats' && format !== 'rate') return undefined;
  const { packets, bytes, activeConnections, inactiveConnections } = counters;
  return [activeConnections + inactiveConnections, packets, 0n, bytes, 0n];
}

/** The first three are never shortened here. */
function rateText(counters: ListedService['counters'], isExact: boolean): string {
  const [connections = 0n, inPackets = 0n, outPackets = 0n, ...bytes] = numbersOf(counters, 'rate') ?? [];
  const counts = [connections, inPackets, outPackets].map((number) => ` ${`${number}`.padStart(8)}`);
  return [...counts, ...bytes.map((number) => largeNumber(number, isExact))].join('');
}

function forwardName({ forward }: ListedServer): string {
  return { masquerade: 'Masq', route: 'Route', tunnel: 'Tunnel', fullnat: 'FullNat' }[forward.kind];
}

function tunnelText({ forward }: ListedServer): string {
  if (forward.kind !== 'tunnel') return 'n/a';
  return forward.port === undefined
    ? `${forward.type}:${forward.checksum}`
    : `${forward.type}:${forward.port}:${forward.checksum}`;
}

function columns(...cells: readonly (readonly [width: number, cell: string | number | bigint])[]): string {
  return cells.map(([width, cell]) => `${cell}`.padEnd(width)).join(' ');
}
