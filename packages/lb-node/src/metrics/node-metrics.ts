import type { NodeConfig } from '@weir/control';
import { VERSION } from '../version.js';
import { DaemonCounts } from './daemon-counts.js';
import type { DaemonFigures } from './daemon-figures.js';
import { MetricsPage } from './metrics-page.js';
import { type Answer, MetricsServer, plain } from './metrics-server.js';

/** How far the daemon is; while it runs, where figures are read. */
type Phase =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly read: () => Promise<DaemonFigures> }
  | { readonly kind: 'leaving'; readonly read: () => Promise<DaemonFigures> };

/** What a daemon tells Prometheus and health checks of itself, from before its node starts until after it has left. */
export class NodeMetrics implements AsyncDisposable {
  readonly counts: DaemonCounts;
  readonly #page: MetricsPage;
  #server: MetricsServer | undefined;
  #phase: Phase = { kind: 'starting' };

  /**
   * Listens where the configuration says so; where it says nothing, counts and listens nowhere.
   * @throws {WeirError} METRICS_ADDRESS_REFUSED
   */
  static async open(config: Pick<NodeConfig, 'metrics' | 'dataplane'>): Promise<NodeMetrics> {
    const metrics = new NodeMetrics(config);
    if (config.metrics !== undefined) metrics.#server = await metrics.#listen(config.metrics.listen);
    return metrics;
  }

  private constructor({ metrics, dataplane }: Pick<NodeConfig, 'metrics' | 'dataplane'>) {
    this.counts = new DaemonCounts(VERSION, dataplane.engine);
    this.#page = new MetricsPage(this.counts.registry, metrics?.backendsMax ?? 0);
  }

  /** Undefined: it listens nowhere. */
  get port(): number | undefined {
    return this.#server?.port;
  }

  /** The node runs: figures are read from here on, and /readyz says so. */
  running(read: () => Promise<DaemonFigures>): void {
    this.#phase = { kind: 'running', read };
  }

  /** The node withdraws; it still has figures. */
  leaving(): void {
    if (this.#phase.kind === 'running') this.#phase = { ...this.#phase, kind: 'leaving' };
  }

  /** Nothing is read any more once it resolves. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#phase = { kind: 'starting' };
    await this.#server?.[Symbol.asyncDispose]();
  }

  #listen(address: NonNullable<NodeConfig['metrics']>['listen']): Promise<MetricsServer> {
    return MetricsServer.open(address, {
      '/metrics': () => this.#metrics(),
      '/healthz': async () => plain(200, 'ok'),
      '/readyz': async () => (this.#phase.kind === 'running' ? plain(200, 'ready') : plain(503, this.#phase.kind)),
    });
  }

  async #metrics(): Promise<Answer> {
    const read = this.#phase.kind === 'starting' ? undefined : this.#phase.read;
    return { status: 200, type: this.counts.registry.contentType, body: await this.#page.text(read) };
  }
}
