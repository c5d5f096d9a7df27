import { join } from 'node:path';
import type { NodeConfig } from '@weir/control';
import { type Dataplane, PortableDataplane, XdpDataplane } from '@weir/dataplane';
import { tableLimits } from './table-limits.js';

/** A data plane, and a sentence of how it came to be. */
export interface OpenedDataplane {
  readonly dataplane: Dataplane;
  readonly origin: Readonly<Record<string, unknown>> & { readonly kind: string };
}

/**
 * Opens the engine that the configuration names.
 * @throws {DataplaneError} what stands in the way of XDP, or of a TUN device and raw sockets
 */
export function openDataplane(config: NodeConfig): OpenedDataplane {
  const { engine, mode, pinDirectory } = config.dataplane;
  switch (engine) {
    case 'xdp': {
      const dataplane = XdpDataplane.open({
        interfaces: config.node.interfaces,
        mode,
        pinDirectory,
        limits: tableLimits(config),
        sharing: config.state !== undefined,
      });
      return { dataplane, origin: dataplane.origin };
    }
    case 'portable': {
      const dataplane = PortableDataplane.open({
        interfaces: config.node.interfaces,
        // The places that the XDP engine has at least.
        limits: { flows: 2 * config.dataplane.maxFlows },
        countersSocket: countersSocketOf(config),
      });
      return { dataplane, origin: { kind: 'new' } };
    }
  }
}

/** Where the portable engine of a node is asked for what it has counted. */
export function countersSocketOf({ runtimeDirectory }: NodeConfig): string {
  return join(runtimeDirectory, 'counters.sock');
}
