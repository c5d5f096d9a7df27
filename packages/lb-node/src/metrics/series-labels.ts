import type { NodeConfig } from '@weir/control';
import { labels, moreLabel } from './metric-family.js';

/** Labels of a service and of its backends, as `labels` makes them. */
export interface ServiceLabels {
  readonly open: Uint8Array;
  ofBackend(name: string): Uint8Array;
}

/** Labels of series, kept from one scrape to the next as long as the configuration is the same. */
export class SeriesLabels {
  #config: NodeConfig | undefined;
  readonly #services = new Map<string, ServiceLabels>();

  /** What is kept was for another configuration: it is forgotten. */
  use(config: NodeConfig): void {
    if (config !== this.#config) this.#services.clear();
    this.#config = config;
  }

  ofService(name: string): ServiceLabels {
    let service = this.#services.get(name);
    if (service === undefined) {
      service = serviceLabels(name);
      this.#services.set(name, service);
    }
    return service;
  }
}

function serviceLabels(name: string): ServiceLabels {
  const open = labels({ service: name });
  const backends = new Map<string, Uint8Array>();
  return {
    open,
    ofBackend(backend) {
      let ofBackend = backends.get(backend);
      if (ofBackend === undefined) {
        ofBackend = Buffer.concat([open, moreLabel('backend', backend)]);
        backends.set(backend, ofBackend);
      }
      return ofBackend;
    },
  };
}
