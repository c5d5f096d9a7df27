import type { NodeConfig } from '@weir/control';
import { type Dataplane, XdpDataplane } from '@weir/dataplane';
import { WeirError } from '@weir/errors';
import { tableLimits } from './table-limits.js';

/** A data plane, and a sentence of how it came to be. */
export interface OpenedDataplane {
  readonly dataplane: Dataplane;
  readonly origin: Readonly<Record<string, unknown>> & { readonly kind: string };
}

/**
 * Opens the engine that the configuration names.
 * @throws {DataplaneError} what stands in the way of XDP
 * @throws {WeirError} ENGINE_MISSING
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
      });
      return { dataplane, origin: dataplane.origin };
    }
    case 'portable':
      throw new WeirError('ENGINE_MISSING', 'dataplane.engine: "portable" can\'t serve interfaces yet; use xdp', {
        details: { engine },
      });
  }
}
