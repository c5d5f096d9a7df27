import type { NodeConfig } from '@weir/control';
import { labels, withLabel } from './metric-family.js';

/** Labels of a service and of its backends, up to the closing brace. */
export interface ServiceLabels {
  readonly open: string;
  ofBackend(name: string): string;
}

/** Texts of labels, kept from one scrape to the next as long as the configuration is the same. */
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
  const backends = new Map<string, string>();
  return {
    open,
    ofBackend(backend) {
      let text = backends.get(backend);
      if (text === undefined) {
        text = withLabel(open, 'backend', backend);
        backends.set(backend, text);
      }
      return text;
    },
  };
}
