import { fileURLToPath } from 'node:url';
import type { LabHost } from '@weir/lab';
import { BenchError } from '../bench-error.js';
import type { EtcdWork, EtcdWrite, Written } from './etcd-writer.js';

const WRITER = fileURLToPath(new URL('etcd-writer.js', import.meta.url));
/** More than a command line holds is written in parts. */
const WRITES_MAX = 1000;

/** Has another process in a host write into etcd; resolves with when each write was asked for and answered. */
export async function writeToEtcd(host: LabHost, work: EtcdWork): Promise<readonly Written[]> {
  const writer = host.spawn(process.execPath, [WRITER, JSON.stringify(work)], { name: 'etcd-writer' });
  await writer.closed;
  const written = writer.lines.flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Written] : []));
  if (written.length === work.writes.length) return written;
  throw new BenchError(
    'BENCH_OUTPUT_UNREADABLE',
    `expected ${work.writes.length} writes, etcd took ${written.length}: ${writer.lines.slice(-3).join('\n')}`,
  );
}

/** Writes whatever number of keys, as fast as etcd takes them. */
export async function fillEtcd(host: LabHost, endpoint: string, writes: readonly EtcdWrite[]): Promise<void> {
  for (let from = 0; from < writes.length; from += WRITES_MAX)
    await writeToEtcd(host, { endpoint, writes: writes.slice(from, from + WRITES_MAX) });
}
