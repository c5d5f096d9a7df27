import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Pass } from '../reconciler.js';

/** From what a pass takes where nothing changed to where it needs help. */
const PASS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Of prom-client: gauges with names of counters, which it has under other names too. */
const MISNAMED = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);

/** What nobody could be asked for later: counts of what happens in this life of the daemon, beside those of its process. */
export class DaemonCounts {
  readonly registry = new Registry();
  readonly #passSeconds = new Histogram({
    name: 'weir_reconcile_duration_seconds',
    help: 'How long passes took that compare what should be with what is, those that failed too.',
    buckets: PASS_SECONDS,
    registers: [this.registry],
  });
  readonly #passes = new Counter({
    name: 'weir_reconcile_passes_total',
    help: 'Passes, by how they ended; one that failed is tried again.',
    labelNames: ['result'] as const,
    registers: [this.registry],
  });
  readonly #lastPass = new Gauge({
    name: 'weir_reconcile_last_success_timestamp_seconds',
    help: 'When a pass ended well last, since 1970.',
    registers: [this.registry],
  });
  readonly #rowsMoved = new Counter({
    name: 'weir_director_rows_moved_total',
    help: 'Rows of tables that point to another backend than before.',
    registers: [this.registry],
  });
  readonly #rowsWritten = new Counter({
    name: 'weir_director_rows_written_total',
    help: 'Rows that were written to the data plane.',
    registers: [this.registry],
  });
  readonly #lastGood = new Gauge({
    name: 'weir_config_last_good_timestamp_seconds',
    help: 'When the configuration came that is in force, since 1970.',
    registers: [this.registry],
  });
  readonly #refused = new Counter({
    name: 'weir_config_refused_total',
    help: 'Changed configurations that were refused; the one before stayed in force.',
    registers: [this.registry],
  });
  readonly #isRefused = new Gauge({
    name: 'weir_config_refused',
    help: '1: the newest configuration was refused, and an older one is in force.',
    registers: [this.registry],
  });

  /** @param version  of this program */
  constructor(version: string, engine: string) {
    collectDefaultMetrics({ register: this.registry });
    for (const name of MISNAMED) this.registry.removeSingleMetric(name);
    const build = new Gauge({
      name: 'weir_build_info',
      help: 'Always 1; what runs.',
      labelNames: ['version', 'engine', 'node_version'] as const,
      registers: [this.registry],
    });
    build.set({ version, engine, node_version: process.versions.node }, 1);
    // Present from the start, so that the first failure is an increase.
    for (const result of ['ok', 'failed']) this.#passes.inc({ result }, 0);
  }

  readonly passed = ({ durationMs, changes, failed }: Pass): void => {
    this.#passSeconds.observe(durationMs / 1000);
    this.#passes.inc({ result: failed ? 'failed' : 'ok' });
    if (!failed) this.#lastPass.setToCurrentTime();
    this.#rowsMoved.inc(changes?.rowsMoved ?? 0);
    this.#rowsWritten.inc(changes?.rowsWritten ?? 0);
  };

  configInForce(): void {
    this.#lastGood.setToCurrentTime();
    this.#isRefused.set(0);
  }

  configRefused(): void {
    this.#refused.inc();
    this.#isRefused.set(1);
  }
}
