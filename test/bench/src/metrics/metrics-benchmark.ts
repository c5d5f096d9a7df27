import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type NodeConfig, parseNodeConfig } from '@weir/control';
import { createLogger } from '@weir/daemon';
import type { BackendCount, ServiceCount } from '@weir/dataplane';
import type { DaemonFigures } from '@weir/lb-node/dist/metrics/daemon-figures.js';
import { NodeMetrics } from '@weir/lb-node/dist/metrics/node-metrics.js';
import { startNode } from '@weir/lb-node/dist/node.js';
import { BenchError } from '../bench-error.js';
import { enterPrivateNamespaces } from '../dataplane/private-namespaces.js';
import { type Summary, summarize } from '../statistics.js';
import { PromClientPage } from './prom-client-page.js';

const PORT = 9646;
const PROM_CLIENT_PORT = 9647;
/** Scrapes before those that are measured: the first ones are slower. */
const WARM_UP = 3;

export interface MetricsBenchmarkOptions {
  readonly services: number;
  /** Of all services together. */
  readonly backends: number;
  readonly rounds: number;
}

/** What a scrape costs, in ms from the request to the last byte. */
export interface ScrapeCost {
  readonly by: 'weir' | 'prom-client';
  readonly ms: Summary;
  /** CPU time of the process that answers, in ms: what a machine does otherwise does not change it much. */
  readonly cpuMs: Summary;
  readonly series: number;
  readonly bytes: number;
}

export interface MetricsResult {
  readonly costs: readonly ScrapeCost[];
  /** Of the first: reading the maps and what the parts know, in ms. */
  readonly readMs: Summary;
}

/**
 * Scrapes a node with many services and backends, all of them with health checks, over HTTP; then the same series set one by
 * one in prom-client. Its program runs on an interface of a network namespace that goes with this process.
 *
 * @throws {BenchError}
 */
export async function runMetricsBenchmark(
  options: MetricsBenchmarkOptions,
  say: (line: string) => void,
): Promise<MetricsResult> {
  enterPrivateNamespaces();
  for (const line of ['link set lo up', 'link add eth0 type veth peer name far', 'address add 10.0.0.11/8 dev eth0']) {
    execFileSync('ip', line.split(' '));
  }
  for (const device of ['eth0', 'far']) execFileSync('ip', ['link', 'set', device, 'up']);
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-metrics-'));
  try {
    const config = configOf(options, directory);
    say(`starting a node with ${options.services} services and ${options.backends} backends`);
    await using node = await startNode(config, createLogger('bench', { level: 'fatal', format: 'json' }));
    return await measure(config, async () => ({ node: busy(await node.figures()), etcd: undefined }), options, say);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(
  config: NodeConfig,
  read: () => Promise<DaemonFigures>,
  options: MetricsBenchmarkOptions,
  say: (line: string) => void,
): Promise<MetricsResult> {
  await using metrics = await NodeMetrics.open(config);
  metrics.running(read);
  const text = await pageAt(PORT);
  using scraper = new Scraper();
  const weir = await timed(options.rounds, () => scraper.scrape(PORT), say);
  const { ms: readMs } = await timed(options.rounds, () => timeOf(read), say);
  // Not before: the collector of garbage would go through its many objects in the time of the others.
  await using _naive = await PromClientPage.open(PROM_CLIENT_PORT, text);
  const promClient = await timed(options.rounds, () => scraper.scrape(PROM_CLIENT_PORT), say);
  const series = text.split('\n').filter((line) => line.startsWith('weir_backend_')).length;
  if (series < options.backends) {
    throw new BenchError(
      'BENCH_PATH_BROKEN',
      `expected series of ${options.backends} backends, found ${series} series`,
    );
  }
  const size = { series, bytes: Buffer.byteLength(text) };
  return {
    costs: [
      { by: 'weir', ...weir, ...size },
      { by: 'prom-client', ...promClient, ...size },
    ],
    readMs,
  };
}

/** One after the other, as Prometheus asks. */
async function timed(
  rounds: number,
  once: () => Promise<Cost>,
  say: (line: string) => void,
): Promise<Pick<ScrapeCost, 'ms' | 'cpuMs'>> {
  const costs: Cost[] = [];
  for (let round = 1 - WARM_UP; round <= rounds; round++) {
    if (round > 0) say(`round ${round} of ${rounds}`);
    const cost = await once();
    if (round > 0) costs.push(cost);
  }
  return { ms: summarize(costs.map(({ ms }) => ms)), cpuMs: summarize(costs.map(({ cpuMs }) => cpuMs)) };
}

interface Cost {
  readonly ms: number;
  readonly cpuMs: number;
}

async function timeOf(run: () => Promise<unknown>): Promise<Cost> {
  const [begunMs, cpu] = [performance.now(), process.cpuUsage()];
  await run();
  return { ms: performance.now() - begunMs, cpuMs: cpuMsSince(cpu) };
}

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function pageAt(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
}

/**
 * A process of its own: who reads the page takes no time from who writes it. One for all rounds: to start one copies what this
 * process has in memory, page by page, while the next answer is written.
 */
class Scraper implements Disposable {
  readonly #process = spawn(process.execPath, [fileURLToPath(new URL('scraping-process.js', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  readonly #lines = createInterface(this.#process.stdout)[Symbol.asyncIterator]();

  /** @throws {BenchError} BENCH_PATH_BROKEN */
  async scrape(port: number): Promise<Cost> {
    const cpu = process.cpuUsage();
    this.#process.stdin.write(`http://127.0.0.1:${port}/metrics\n`);
    const { value } = await this.#lines.next();
    if (value === undefined) throw new BenchError('BENCH_PATH_BROKEN', `nobody answers at port ${port}`);
    return { ms: Number(value), cpuMs: cpuMsSince(cpu) };
  }

  [Symbol.dispose](): void {
    this.#process.kill();
  }
}

function configOf({ services, backends }: MetricsBenchmarkOptions, directory: string): NodeConfig {
  const each = Math.ceil(backends / services);
  const document = {
    node: { name: 'bench', interfaces: ['eth0'], address: '10.0.0.11' },
    dataplane: {
      pinDirectory: '/sys/fs/bpf/bench',
      maxServices: services,
      maxBackends: services * each,
      tableRows: 251,
    },
    metrics: { listen: `127.0.0.1:${PORT}`, backendsMax: services * each },
    runtimeDirectory: directory,
    services: Array.from({ length: services }, (_, i) => ({
      name: `service-${i}`,
      vip: `198.18.${i >> 8}.${i & 0xff}`,
      port: 80,
      method: 'ipip',
      healthCheck: { kind: 'tcp', interval: '60s' },
      backends: Array.from({ length: Math.min(each, backends - i * each) }, (_, j) => ({
        name: `backend-${i}-${j}`,
        address: `10.${1 + j}.${i >> 8}.${i & 0xff}`,
      })),
    })),
  };
  return parseNodeConfig(JSON.stringify(document), 'weir.yaml');
}

/**
 * As if traffic had been there for a year: long numbers take longer to write. In place: objects of its own would cost what
 * a daemon does not have.
 */
function busy<T extends DaemonFigures['node']>(figures: T): T {
  for (const service of figures.counters.services as Writable<ServiceCount>[]) {
    service.packets += 1_234_567_890_123;
    for (const [i, backend] of (service.backends as Writable<BackendCount>[]).entries()) {
      backend.packets += 123_456_789_012 + i;
      backend.bytes += 98_765_432_109_876 + i;
      backend.newFlows += 1_234_567_890 + i;
      backend.activeConnections += 12_345 + i;
      backend.inactiveConnections += 54_321 + i;
    }
  }
  return figures;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
