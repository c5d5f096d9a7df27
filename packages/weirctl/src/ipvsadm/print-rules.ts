import type { ListedServer, ListedService } from './listed-service.js';
import { netmaskText } from './netmask-text.js';
import type { EndpointName } from './print-list.js';
import type { Forward } from './virtual-service.js';

/** What `ipvsadm -S` prints, and what there is besides. */
export interface RuleLines {
  readonly lines: readonly string[];
  /** What no rule of ipvsadm can say. */
  readonly unsaid: readonly string[];
}

/** Rules that -R reads. Unlike ipvsadm's they have thresholds too, so that nothing is lost on the way. */
export function ruleLines(services: readonly ListedService[], nameOf: EndpointName): RuleLines {
  const lines: string[] = [];
  const unsaid: string[] = [];
  for (const service of services) {
    const reason = unsayable(service);
    const key = keyOf(service, nameOf);
    if (reason !== undefined) {
      unsaid.push(
        `${service.mark === undefined ? `${service.protocol} ${nameOf(service.address, service.port)}` : key}: ${reason}`,
      );
      continue;
    }
    lines.push(`-A ${key} -s ${service.settings.scheduler}${persistenceText(service)}`);
    for (const server of service.servers) lines.push(serverRule(key, server, nameOf));
  }
  return { lines, unsaid };
}

function keyOf({ protocol, address, port, mark }: ListedService, nameOf: EndpointName): string {
  if (mark !== undefined) return `-f ${mark}${address.includes(':') ? ' -6' : ''}`;
  return `${serviceOption(protocol)} ${nameOf(address, port)}`;
}

function unsayable(service: ListedService): string | undefined {
  const { settings, servers } = service;
  return (
    (service.mark === undefined ? unsayableListener(service) : undefined) ??
    (settings.scheduler === 'rendezvous' ? 'ipvsadm has no scheduler rendezvous' : undefined) ??
    (servers.some(({ forward }) => forward.kind === 'fullnat') ? 'ipvsadm has no fullnat' : undefined)
  );
}

function unsayableListener({ protocol, port, settings }: ListedService): string | undefined {
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') return `ipvsadm has no protocol ${protocol}`;
  if (typeof port === 'string') return 'ipvsadm has no ranges of ports';
  return port === 0 && settings.persistence === undefined ? 'ipvsadm has all ports with persistence only' : undefined;
}

function serviceOption(protocol: string): string {
  return protocol === 'tcp' ? '-t' : protocol === 'udp' ? '-u' : `--${protocol}-service`;
}

function persistenceText({ address, settings: { persistence } }: ListedService): string {
  if (persistence === undefined) return '';
  const ofIpv6 = address.includes(':');
  const { timeoutSeconds, prefixBits = ofIpv6 ? 128 : 32 } = persistence;
  const isWhole = prefixBits === (ofIpv6 ? 128 : 32);
  return ` -p ${timeoutSeconds}${isWhole ? '' : ` -M ${netmaskText(prefixBits, ofIpv6)}`}`;
}

function serverRule(key: string, server: ListedServer, nameOf: EndpointName): string {
  const { address, port, forward, weight, upperThreshold, lowerThreshold } = server;
  const rule = `-a ${key} -r ${nameOf(address, port)} ${forwardOption(forward as Forward)} -w ${weight}`;
  const upper = upperThreshold === 0 ? '' : ` -x ${upperThreshold}`;
  return `${rule}${upper}${lowerThreshold === 0 ? '' : ` -y ${lowerThreshold}`}${tunnelOptions(forward as Forward)}`;
}

function forwardOption({ kind }: Forward): string {
  return { masquerade: '-m', route: '-g', tunnel: '-i' }[kind];
}

function tunnelOptions(forward: Forward): string {
  if (forward.kind !== 'tunnel' || forward.type === 'ipip') return '';
  const port = forward.port === undefined ? '' : ` --tun-port ${forward.port}`;
  return ` --tun-type ${forward.type}${port} --tun-${forward.checksum}`;
}
