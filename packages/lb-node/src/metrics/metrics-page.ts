import { setImmediate as nextTurn } from 'node:timers/promises';
import { Gauge, type Registry } from 'prom-client';
import { nodeSeries } from './backend-series.js';
import type { DaemonFigures } from './daemon-figures.js';
import { backendFamilies, nodeFamilies } from './metric-families.js';
import { PageWriter } from './page-writer.js';
import { SeriesLabels } from './series-labels.js';

/** The page that Prometheus reads. Who asks while it is written gets that one. */
export class MetricsPage {
  readonly #registry: Registry;
  readonly #backendsMax: number;
  readonly #seconds: Gauge;
  readonly #labels = new SeriesLabels();
  #bytes: number | undefined;
  #writing: Promise<Buffer> | undefined;

  /**
   * @param registry  what prom-client writes
   * @param backendsMax  with more of them, there are no series of backends
   */
  constructor(registry: Registry, backendsMax: number) {
    this.#registry = registry;
    this.#backendsMax = backendsMax;
    this.#seconds = new Gauge({
      name: 'weir_metrics_duration_seconds',
      help: 'How long it took to write this page.',
      registers: [registry],
    });
  }

  /**
   * In the text format of Prometheus.
   * @param read  undefined: the node has none yet; the page then has those of the process alone
   */
  text(read: (() => Promise<DaemonFigures>) | undefined): Promise<Buffer> {
    this.#writing ??= this.#write(read).finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(read: (() => Promise<DaemonFigures>) | undefined): Promise<Buffer> {
    const begunMs = performance.now();
    const page = new PageWriter(this.#bytes);
    if (read !== undefined) await this.#writeNode(await read(), page);
    this.#seconds.set((performance.now() - begunMs) / 1000);
    page.add(await this.#registry.metrics());
    const bytes = page.finish();
    // The next one is as long, but for some digits.
    this.#bytes = Math.ceil(bytes.byteLength * 1.125);
    return bytes;
  }

  async #writeNode(figures: DaemonFigures, page: PageWriter): Promise<void> {
    const series = nodeSeries(figures.node, this.#backendsMax, this.#labels);
    for (const family of nodeFamilies) page.family(family, { ...figures, series });
    const shown = series.showsBackends ? series : { ...series, services: [] };
    for (const family of backendFamilies) {
      // Ten thousand backends take a while: probes and the store have their turns in between.
      await nextTurn();
      page.family(family, { ...figures, series: shown });
    }
  }
}
