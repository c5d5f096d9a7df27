import { renderTable } from '../text-table.js';
import type { MetricsBenchmarkOptions, MetricsResult, ScrapeCost } from './metrics-benchmark.js';

/** What a scrape takes, Weir's beside prom-client's. */
export function renderMetrics(
  { costs, readMs }: MetricsResult,
  { services, backends }: MetricsBenchmarkOptions,
  isTerminal: boolean,
): string {
  const weir = costs.find(({ by }) => by === 'weir') as ScrapeCost;
  const rows = costs.map(({ by, ms, cpuMs }) => [
    by === 'weir' ? 'Weir: read, written, sent' : 'prom-client: set one by one, written, sent',
    ms.median.toFixed(0),
    `±${(ms.spread * 100).toFixed(0)} %`,
    cpuMs.median.toFixed(0),
    by === 'weir' ? 'under 100' : `Weir: × ${(weir.ms.median / ms.median).toFixed(2)}`,
  ]);
  rows.splice(1, 0, ['  of that: read', readMs.median.toFixed(0), `±${(readMs.spread * 100).toFixed(0)} %`, '', '']);
  const head = ['a scrape', 'ms', 'spread', 'CPU: ms', 'reach'];
  const size = `${weir.series.toLocaleString('en-US')} series of backends, ${(weir.bytes / 1e6).toFixed(1)} MB`;
  return `${services} services, ${backends.toLocaleString('en-US')} backends: ${size}\n${renderTable({ head, rows }, isTerminal)}\n`;
}
