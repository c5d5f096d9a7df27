import { wrongUsage } from './ipvsadm-error.js';
import type { NameLookup } from './name-lookup.js';
import { prefixBitsOf, readEndpoint, wholeNumber } from './read-endpoint.js';
import type { SplitOptions } from './split-options.js';
import type { IpvsProtocol, Persistence, ServiceKey, VirtualService } from './virtual-service.js';

type Options = SplitOptions['options'];

const MARK_MAX = 4_294_967_295;
/** 31 days, as ipvsadm has it. */
const PERSISTENCE_MAX = 31 * 24 * 3600;
const PERSISTENCE_DEFAULT = 300;

const protocols: Readonly<Record<string, IpvsProtocol>> = {
  'tcp-service': 'tcp',
  'udp-service': 'udp',
  'sctp-service': 'sctp',
};

const flagsOfScheduler: Readonly<Record<string, string>> = {
  'sh-fallback': 'sh',
  'sh-port': 'sh',
  'mh-fallback': 'mh',
  'mh-port': 'mh',
};

/**
 * The service that -t, -u, --sctp-service or -f name.
 * @throws {IpvsadmError} IPVSADM_USAGE
 */
export async function parseServiceKey(options: Options, names: NameLookup): Promise<ServiceKey> {
  const { long, value = '' } = options.get('service-address') ?? wrongUsage("the 'service-address' option is missing");
  const protocol = protocols[long];
  if (protocol === undefined) return { kind: 'mark', mark: markOf(value), family: options.has('ipv6') ? 6 : 4 };
  if (options.has('ipv6')) wrongUsage(`-6 used before -f: --${long} takes an IPv6 address as [ADDRESS]:PORT`);
  const endpoint = await readEndpoint(value, protocol, names);
  if (endpoint === undefined) {
    wrongUsage(
      `illegal virtual server address[:port] specified: --${long} ${value}; write 198.51.100.1:80 or [2001:db8::1]:80`,
    );
  }
  return { kind: 'address', protocol, address: endpoint.address, port: endpoint.port ?? 0 };
}

/**
 * A service with what -A and -E say of it.
 * @throws {IpvsadmError} IPVSADM_USAGE
 */
export async function parseService(options: Options, names: NameLookup): Promise<VirtualService> {
  const key = await parseServiceKey(options, names);
  const persistence = parsePersistence(options, key);
  const scheduler = options.get('scheduler')?.value ?? 'wlc';
  const onePacket = options.has('ops');
  if (key.kind === 'address' && key.port === 0 && persistence === undefined) {
    wrongUsage(`Zero port specified for non-persistent service: give ${key.address} a port, or -p`);
  }
  if (onePacket && key.kind === 'address' && key.protocol !== 'udp') {
    wrongUsage('One-Packet Scheduling is only for UDP virtual services: --ops');
  }
  const engine = options.get('pe')?.value;
  return {
    key,
    scheduler,
    schedulerFlags: parseFlags(options.get('sched-flags')?.value, scheduler),
    onePacket,
    ...(persistence === undefined ? {} : { persistence }),
    ...(engine === undefined ? {} : { persistenceEngine: engine }),
  };
}

function markOf(text: string): number {
  return (
    wholeNumber(text, 1, MARK_MAX) ??
    wrongUsage(`invalid fwmark value \`${text}' specified; -f takes a number from 1 to ${MARK_MAX}`)
  );
}

function parsePersistence(options: Options, key: ServiceKey): Persistence | undefined {
  const given = options.get('persistent');
  const netmask = options.get('netmask')?.value;
  if (given === undefined) {
    return netmask === undefined
      ? undefined
      : wrongUsage(`--netmask ${netmask} is of a persistent service; give -p too`);
  }
  const { value } = given;
  const timeoutSeconds = value === undefined ? PERSISTENCE_DEFAULT : wholeNumber(value, 1, PERSISTENCE_MAX);
  if (timeoutSeconds === undefined) {
    wrongUsage(`invalid timeout value \`${value}' specified; -p takes seconds, 1 to ${PERSISTENCE_MAX}`);
  }
  return { timeoutSeconds, prefixBits: prefixBits(netmask, isIpv6(key)) };
}

function prefixBits(netmask: string | undefined, ofIpv6: boolean): number | undefined {
  if (netmask === undefined) return ofIpv6 ? 128 : 32;
  if (ofIpv6) {
    return (
      wholeNumber(netmask, 1, 128) ??
      wrongUsage(`illegal ipv6 netmask specified: -M ${netmask} is not a number from 1 to 128`)
    );
  }
  const bits = prefixBitsOf(netmask);
  if (bits !== false) return bits;
  return wrongUsage(
    `illegal virtual server persistent mask specified: -M ${netmask} is not a netmask such as 255.255.255.0`,
  );
}

function parseFlags(text: string | undefined, scheduler: string): readonly string[] {
  const flags = text?.split(',') ?? [];
  for (const flag of flags) {
    const of = flagsOfScheduler[flag];
    if (of === undefined && !/^flag-[123]$/.test(flag))
      wrongUsage(`invalid scheduler flag \`${flag}' specified: -b ${text}`);
    if (of !== undefined && of !== scheduler) {
      wrongUsage(`incompatible scheduler flag \`${flag}': -b ${text} with -s ${scheduler}`);
    }
  }
  return flags;
}

function isIpv6(key: ServiceKey): boolean {
  return key.kind === 'mark' ? key.family === 6 : key.address.includes(':');
}
