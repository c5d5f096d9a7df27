import { fileURLToPath } from 'node:url';
import type { LabHost, LabProcess } from '@weir/lab';
import { BenchError } from '../bench-error.js';
import type { EtcdWork, EtcdWrite, Written } from './etcd-writer.js';

const WRITER = fileURLToPath(new URL('etcd-writer.js', import.meta.url));
/** More than a command line holds is written in parts. */
const WRITES_MAX = 1000;

/** Another process in a host, which writes into etcd one change after the other. */
export class EtcdWriter implements AsyncDisposable {
  readonly #process: LabProcess;

  private constructor(process: LabProcess) {
    this.#process = process;
  }

  /** Resolves when it is connected. */
  static async start(host: LabHost, endpoint: string, writes: readonly EtcdWrite[]): Promise<EtcdWriter> {
    const writer = new EtcdWriter(spawnWriter(host, { endpoint, writes, pace: 'signal' }));
    await writer.#process.waitForLine(/^ready$/);
    return writer;
  }

  /** Lets it write the next one; resolves when etcd has it. */
  async next(): Promise<Written> {
    const written = this.#process.waitForLine(/^\{/, { after: this.#process.lines.length });
    this.#process.kill('SIGUSR2');
    return JSON.parse(await written) as Written;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop();
  }
}

/** Has another process in a host write all at once; resolves with when each write was asked for and answered. */
export async function writeAtOnce(
  host: LabHost,
  endpoint: string,
  writes: readonly EtcdWrite[],
): Promise<readonly Written[]> {
  const writer = spawnWriter(host, { endpoint, writes, pace: 'at-once' });
  await writer.closed;
  const written = writer.lines.flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Written] : []));
  if (written.length === writes.length) return written;
  throw new BenchError(
    'BENCH_OUTPUT_UNREADABLE',
    `expected ${writes.length} writes, etcd took ${written.length}: ${writer.lines.slice(-3).join('\n')}`,
  );
}

/** Writes whatever number of keys, as fast as etcd takes them. */
export async function fillEtcd(host: LabHost, endpoint: string, writes: readonly EtcdWrite[]): Promise<void> {
  for (let from = 0; from < writes.length; from += WRITES_MAX)
    await writeAtOnce(host, endpoint, writes.slice(from, from + WRITES_MAX));
}

function spawnWriter(host: LabHost, work: EtcdWork): LabProcess {
  return host.spawn(process.execPath, [WRITER, JSON.stringify(work)], { name: 'etcd-writer' });
}
