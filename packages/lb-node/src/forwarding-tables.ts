import type { NodeConfig, ServiceConfig } from '@weir/control';
import type { ForwardingService, ForwardingTables } from '@weir/dataplane';
import { maglevTable } from '@weir/director';

/**
 * From configuration to what the data plane should do. Keeps the tables that it computed last, because most changes
 * leave most services as they were and a table of 65,537 rows takes milliseconds.
 */
export class ForwardingPlanner {
  #tables = new Map<string, Uint32Array>();

  /** @param sources  addresses of this node that encapsulated packets come from */
  plan(config: NodeConfig, sources: ForwardingTables['sources']): ForwardingTables {
    const kept = new Map<string, Uint32Array>();
    const services = config.services.map((service) => this.#service(service, kept));
    this.#tables = kept;
    return { services, sources, hashSeed: config.dataplane.hashSeed };
  }

  #service(service: ServiceConfig, kept: Map<string, Uint32Array>): ForwardingService {
    // The member's identity is its address: all nodes know it, and a new name moves no flow.
    const members = service.backends.map(({ address, weight }) => ({ id: address, weight }));
    const identity = JSON.stringify([service.tableRows, members]);
    const rows =
      this.#tables.get(identity) ??
      (members.some(({ weight }) => weight > 0)
        ? maglevTable({ members, rows: service.tableRows })
        : new Uint32Array());
    kept.set(identity, rows);
    return {
      vip: service.vip,
      protocol: service.protocol,
      port: service.port === 'all' ? 0 : service.port,
      encapsulation: service.method === 'gue' ? { method: 'gue', port: service.guePort } : { method: 'ipip' },
      backends: service.backends.map(({ address }) => ({ address })),
      rows,
    };
  }
}
