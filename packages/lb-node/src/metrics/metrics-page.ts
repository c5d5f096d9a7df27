import { setImmediate as nextTurn } from 'node:timers/promises';
import { Gauge, type Registry } from 'prom-client';
import { nodeSeries } from './backend-series.js';
import type { DaemonFigures } from './daemon-figures.js';
import { backendFamilies, nodeFamilies } from './metric-families.js';
import { familyText } from './metric-family.js';

/** The page that Prometheus reads. Who asks while it is written gets that one. */
export class MetricsPage {
  readonly #registry: Registry;
  readonly #backendsMax: number;
  readonly #seconds: Gauge;
  #writing: Promise<string> | undefined;

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
  text(read: (() => Promise<DaemonFigures>) | undefined): Promise<string> {
    this.#writing ??= this.#write(read).finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(read: (() => Promise<DaemonFigures>) | undefined): Promise<string> {
    const begunMs = performance.now();
    const own = read === undefined ? [] : await this.#ofNode(await read());
    this.#seconds.set((performance.now() - begunMs) / 1000);
    return [await this.#registry.metrics(), ...own].join('');
  }

  async #ofNode(figures: DaemonFigures): Promise<readonly string[]> {
    const series = nodeSeries(figures.node, this.#backendsMax);
    const page = { ...figures, series };
    const texts = nodeFamilies.map((family) => familyText(family, page));
    const shown = series.showsBackends ? series : { ...series, services: [] };
    for (const family of backendFamilies) {
      // Ten thousand backends take a while: probes and the store have their turns in between.
      await nextTurn();
      texts.push(familyText(family, { ...page, series: shown }));
    }
    return texts;
  }
}
