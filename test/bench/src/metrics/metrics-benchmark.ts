import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type NodeConfig, parseNodeConfig } from '@weir/control';
import { createLogger } from '@weir/daemon';
import type { DaemonFigures } from '@weir/lb-node/dist/metrics/daemon-figures.js';
import { NodeMetrics } from '@weir/lb-node/dist/metrics/node-metrics.js';
import { startNode } from '@weir/lb-node/dist/node.js';
import { BenchError } from '../bench-error.js';
import { enterPrivateNamespaces } from '../dataplane/private-namespaces.js';
import { type Summary, summarize } from '../statistics.js';
import { PromClientPage } from './prom-client-page.js';

export const scrapers = ['weir', 'prom-client'] as const;
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
  readonly by: (typeof scrapers)[number];
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
 * Scrapes a node with many services and backends, all of them with health checks, over HTTP, in turns with the same series
 * set one by one in prom-client. Its program runs on an interface of a network namespace that goes with this process.
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
  const { text } = await scrape(PORT);
  await using _naive = await PromClientPage.open(PROM_CLIENT_PORT, text);
  const ports = { weir: PORT, 'prom-client': PROM_CLIENT_PORT };
  const times: Record<ScrapeCost['by'], number[]> = { weir: [], 'prom-client': [] };
  const cpuTimes: Record<ScrapeCost['by'], number[]> = { weir: [], 'prom-client': [] };
  const readTimes: number[] = [];
  for (let round = 1 - WARM_UP; round <= options.rounds; round++) {
    if (round > 0) say(`round ${round} of ${options.rounds}`);
    for (const by of scrapers) {
      const cpu = process.cpuUsage();
      const { ms } = await scrape(ports[by], '/dev/null');
      const { user, system } = process.cpuUsage(cpu);
      if (round <= 0) continue;
      times[by].push(ms);
      cpuTimes[by].push((user + system) / 1000);
    }
    const begunMs = performance.now();
    await read();
    if (round > 0) readTimes.push(performance.now() - begunMs);
  }
  const series = text.split('\n').filter((line) => line.startsWith('weir_backend_')).length;
  if (series < options.backends) {
    throw new BenchError(
      'BENCH_PATH_BROKEN',
      `expected series of ${options.backends} backends, found ${series} series`,
    );
  }
  const costs = scrapers.map((by) => ({
    by,
    ms: summarize(times[by]),
    cpuMs: summarize(cpuTimes[by]),
    series,
    bytes: Buffer.byteLength(text),
  }));
  return { costs, readMs: summarize(readTimes) };
}

const run = promisify(execFile);

/** By curl, as a process of its own: who reads the page takes no time from who writes it. */
async function scrape(port: number, file = '-'): Promise<{ readonly ms: number; readonly text: string }> {
  const url = `http://127.0.0.1:${port}/metrics`;
  const { stdout } = await run('curl', ['-sS', '--fail', '-o', file, '-w', '\n%{time_total}', url], {
    maxBuffer: 2 ** 28,
  });
  const at = stdout.lastIndexOf('\n');
  return { ms: Number(stdout.slice(at)) * 1000, text: stdout.slice(0, at) };
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

/** As if traffic had been there for a year: long numbers take longer to write. */
function busy<T extends DaemonFigures['node']>(figures: T): T {
  const services = figures.counters.services.map((service) => ({
    ...service,
    packets: service.packets + 1_234_567_890_123,
    backends: service.backends.map((backend, i) => ({
      ...backend,
      packets: backend.packets + 123_456_789_012 + i,
      bytes: backend.bytes + 98_765_432_109_876 + i,
      newFlows: backend.newFlows + 1_234_567_890 + i,
      activeConnections: 12_345 + i,
      inactiveConnections: 54_321 + i,
    })),
  }));
  return { ...figures, counters: { ...figures.counters, services } };
}
