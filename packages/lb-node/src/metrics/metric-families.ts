import { announceMetrics } from './announce-metrics.js';
import { controlMetrics } from './control-metrics.js';
import { backendHealth, serviceHealth } from './health-metrics.js';
import type { MetricFamily } from './metric-family.js';
import type { PageFigures } from './page-figures.js';
import { sharingMetrics } from './sharing-metrics.js';
import { backendTraffic, nodeTraffic, serviceTraffic } from './traffic-metrics.js';

/** With a series or more of each backend: empty where there are more backends than `metrics.backendsMax`. */
export const backendFamilies: readonly MetricFamily<PageFigures>[] = [...backendTraffic, ...backendHealth];

/** All that is read when Prometheus asks, but for those of backends. */
export const nodeFamilies: readonly MetricFamily<PageFigures>[] = [
  ...controlMetrics,
  ...nodeTraffic,
  ...announceMetrics,
  ...serviceTraffic,
  ...serviceHealth,
  ...sharingMetrics,
];
