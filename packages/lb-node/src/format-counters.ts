import type { BackendConfig, ServiceConfig } from '@weir/control';
import type { BackendCount, Counters, ServiceCount, ServiceKey } from '@weir/dataplane';
import { serviceKeyOf } from './forwarding-tables.js';

/**
 * A table for people who know `ipvsadm -Ln --stats`: services with their schedulers, backends with method, weight,
 * connections and traffic, then what went to other nodes, then why packets were dropped. Connections are those that are remembered.
 * @param services  of the configuration; one that is counted but not configured any more has "-" where only that knows
 */
export function formatCounters({ services, handovers, drops }: Counters, configured: readonly ServiceConfig[]): string {
  const byKey = new Map(
    configured.flatMap((service) =>
      service.listeners.slice(0, 1).map((listener) => [keyText(serviceKeyOf(listener)), service]),
    ),
  );
  const lines = [
    row('Prot VIP:Port Scheduler Flags', '', '', '', '', '', ''),
    row('  -> Backend:Port', 'Forward', 'Weight', 'ActiveConn', 'InActConn', 'Packets', 'Bytes'),
    ...services.flatMap((service) => serviceLines(service, byKey.get(keyText(service)))),
  ];
  const handedOver = handovers.filter(({ packets }) => packets > 0);
  if (handedOver.length > 0) lines.push('', row('Handed over to', '', '', '', '', 'Packets', 'Bytes'));
  for (const { address, packets, bytes } of handedOver) {
    lines.push(row(`  -> ${hostText(address)}`, '', '', '', '', packets, bytes));
  }
  const dropped = Object.entries(drops).filter(([, count]) => count > 0);
  if (dropped.length > 0) lines.push('', row('Dropped', '', '', '', '', 'Packets', ''));
  for (const [reason, count] of dropped) lines.push(row(`  ${reason}`, '', '', '', '', count, ''));
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function serviceLines(count: ServiceCount, service: ServiceConfig | undefined): readonly string[] {
  const others =
    service?.listeners.slice(1).map((listener) => row(keyText(serviceKeyOf(listener)), '', '', '', '', '', '')) ?? [];
  const head = [keyText(count), service?.scheduler ?? '-', ...flagsOf(service)].join(' ');
  return [
    row(head, '', '', '', '', count.packets, count.bytes),
    ...others,
    ...count.backends.map((backend) => backendLine(backend, service)),
  ];
}

function flagsOf(service: ServiceConfig | undefined): readonly string[] {
  if (service === undefined) return [];
  const { persistence, pinning, secondChance } = service;
  return [
    ...(persistence === undefined ? [] : [`persistent ${persistence.timeoutMs / 1000}`]),
    ...(pinning === undefined ? [] : ['pinned']),
    ...(secondChance === undefined ? [] : [`choices ${secondChance.choices}`]),
  ];
}

function backendLine(count: BackendCount, service: ServiceConfig | undefined): string {
  const { address, port, activeConnections, inactiveConnections, packets, bytes } = count;
  const backend = service?.backends.find((candidate) => isOf(candidate, count));
  return row(
    `  -> ${hostText(address)}${port === 0 ? '' : `:${port}`}`,
    forwardText(service?.method, backend?.state),
    backend?.weight ?? '-',
    activeConnections,
    inactiveConnections,
    packets,
    bytes,
  );
}

/** A backend that is on its way in or out says so. */
function forwardText(method: string | undefined, state: BackendConfig['state'] = 'active'): string {
  if (method === undefined) return '-';
  return state === 'active' ? method : `${method} ${state}`;
}

function isOf({ address, port = 0 }: BackendConfig, count: BackendCount): boolean {
  return address === count.address && port === count.port;
}

/** As ipvsadm writes it: `TCP  198.51.100.10:80`. */
function keyText({ protocol, vip, port }: ServiceKey): string {
  const ports = typeof port === 'object' ? `${port.first}-${port.last}` : port === 0 ? 'all' : String(port);
  return `${protocol.toUpperCase().padEnd(4)} ${hostText(vip)}:${ports}`;
}

function hostText(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

type Cell = string | number;

function row(
  name: string,
  forward: Cell,
  weight: Cell,
  active: Cell,
  inactive: Cell,
  packets: Cell,
  bytes: Cell,
): string {
  const numbers = [
    // A longer word before it takes of its room.
    [weight, 15 - Math.max(8, String(forward).length)],
    [active, 11],
    [inactive, 10],
    [packets, 14],
    [bytes, 18],
  ] as const;
  const cells = numbers.map(([cell, width]) => String(cell).padStart(width)).join('');
  return `${name.padEnd(46)} ${String(forward).padEnd(8)}${cells}`;
}
