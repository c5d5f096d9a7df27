import { loadNodeConfig } from '@weir/control';
import { type Counters, DataplaneError, readCounters } from '@weir/dataplane';
import { WeirError } from '@weir/errors';

/**
 * Prints what the data plane of a node has counted, whether or not its daemon runs.
 * @throws {WeirError} NOTHING_COUNTED where no node has run with this configuration
 */
export async function printCounters(configFile: string, asJson: boolean): Promise<void> {
  const config = await loadNodeConfig(configFile);
  const counters = countersIn(config.dataplane.pinDirectory);
  process.stdout.write(asJson ? `${JSON.stringify(counters)}\n` : formatCounters(counters));
}

/** A table for people: services and their backends, then why packets were dropped. */
export function formatCounters({ services, drops }: Counters): string {
  const lines = [row('SERVICE', 'BACKEND', 'PACKETS', 'BYTES')];
  for (const { vip, protocol, port, packets, bytes, backends } of services) {
    const name = `${vip.includes(':') ? `[${vip}]` : vip}:${port === 0 ? 'all' : port}/${protocol}`;
    lines.push(row(name, '', packets, bytes));
    for (const backend of backends) lines.push(row('', backend.address, backend.packets, backend.bytes));
  }
  const dropped = Object.entries(drops).filter(([, count]) => count > 0);
  if (dropped.length > 0) lines.push('', row('DROPPED', 'REASON', 'PACKETS', ''));
  for (const [reason, count] of dropped) lines.push(row('', reason, count, ''));
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function countersIn(pinDirectory: string): Counters {
  try {
    return readCounters(pinDirectory);
  } catch (cause) {
    if (!(cause instanceof DataplaneError) || cause.code !== 'TABLES_INVALID') throw cause;
    throw new WeirError('NOTHING_COUNTED', `${cause.message}; has lb-node run here with this configuration?`, {
      cause,
      details: { pinDirectory },
    });
  }
}

function row(service: string, backend: string, packets: string | number, bytes: string | number): string {
  return `${service.padEnd(34)} ${backend.padEnd(28)} ${String(packets).padStart(14)} ${String(bytes).padStart(18)}`;
}
