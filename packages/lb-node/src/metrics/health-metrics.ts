import { vipsOf } from '../vips.js';
import type { ServiceSeries } from './backend-series.js';
import { labels, type MetricFamily } from './metric-family.js';
import { ofBackends, type PageFigures, partsBy, writeParts } from './page-figures.js';

const VERDICTS = partsBy('state', ['up', 'down', 'unchecked']);
const RESULTS = partsBy('result', ['good', 'bad']);

/** What is configured, and what is thought of backends, service by service. */
export const serviceHealth: readonly MetricFamily<PageFigures>[] = [
  {
    name: 'weir_service_info',
    type: 'gauge',
    help: 'Always 1; what a service is, for each of its VIPs.',
    write: ({ series }, write) => {
      for (const { config } of series.services) {
        if (config === undefined) continue;
        const { name: service, method, scheduler } = config;
        for (const vip of vipsOf(config)) write(labels({ service, vip, method, scheduler }), 1);
      }
    },
  },
  {
    name: 'weir_service_backends',
    type: 'gauge',
    help: 'Backends without the fallback, by what is thought of them; unchecked ones have no health check and are used.',
    write: ({ series }, write) => {
      for (const service of series.services) {
        if (service.config !== undefined) writeParts(service.open, VERDICTS, statesOf(service), write);
      }
    },
  },
];

/** Of each backend. */
export const backendHealth: readonly MetricFamily<PageFigures>[] = [
  ofBackends(
    { name: 'weir_backend_weight', type: 'gauge', help: 'Configured weight; 0: it takes no new flows.' },
    ({ config }) => config?.weight,
  ),
  ofBackends(
    {
      name: 'weir_backend_up',
      type: 'gauge',
      help: '1: the health check finds the backend well; 0: it does not, or holds it down.',
    },
    ({ health }) => health && (health.verdict === 'up' ? 1 : 0),
  ),
  {
    name: 'weir_backend_probes_total',
    type: 'counter',
    help: 'Probes of the health check, by what they found.',
    write: ({ series }, write) => {
      for (const { backends } of series.services) {
        for (const { open, health } of backends) {
          if (health === undefined) continue;
          writeParts(open, RESULTS, { good: health.goodProbes, bad: health.badProbes }, write);
        }
      }
    },
  },
  ofBackends(
    { name: 'weir_backend_probe_latency_seconds', type: 'gauge', help: 'How long the last probe took.' },
    ({ health }) => (health?.latencyMs === undefined ? undefined : health.latencyMs / 1000),
  ),
  ofBackends(
    {
      name: 'weir_backend_health_changes_total',
      type: 'counter',
      help: 'Times that the health check took the backend from up to down or back.',
    },
    ({ health }) => health?.changes,
  ),
];

function statesOf({ backends }: ServiceSeries): Record<'up' | 'down' | 'unchecked', number> {
  const states = { up: 0, down: 0, unchecked: 0 };
  for (const { config, health } of backends) {
    if (config !== undefined && !config.isFallback) states[health?.verdict ?? 'unchecked']++;
  }
  return states;
}
