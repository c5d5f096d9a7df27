import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Gauge, Registry } from 'prom-client';

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The usual way: a gauge of prom-client for each family, its series set one by one whenever somebody asks. */
export class PromClientPage implements AsyncDisposable {
  readonly #server: Server;

  /** @param page  whose series are served */
  static async open(port: number, page: string): Promise<PromClientPage> {
    const registry = new Registry();
    for (const [name, series] of seriesOf(page)) {
      const gauge = new Gauge({
        name,
        help: name,
        labelNames: Object.keys(series[0]?.labels ?? {}),
        registers: [registry],
        collect() {
          for (const { labels, value } of series) this.set(labels, value);
        },
      });
      gauge.reset();
    }
    const server = createServer((_, response) => {
      void registry.metrics().then((text) => response.end(text));
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new PromClientPage(server);
  }

  private constructor(server: Server) {
    this.#server = server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** By family. Names of the benchmark have nothing in them that is escaped. */
function seriesOf(page: string): ReadonlyMap<string, readonly Series[]> {
  const families = new Map<string, Series[]>();
  for (const line of page.split('\n')) {
    const [, name, labels = '', value] = /^(weir_[a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const pairs = [...labels.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, label, text]) => [label, text]);
    const series = families.get(name) ?? [];
    series.push({ labels: Object.fromEntries(pairs), value: Number(value) });
    families.set(name, series);
  }
  return families;
}
