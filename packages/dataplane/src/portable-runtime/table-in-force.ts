import { canonicalAddress } from '@weir/packet';
import type { ForwardingService, ServiceKey, TableInForce } from '../dataplane.js';
import { serviceId } from '../xdp/wanted-service.js';

/** A service that was put in force, under its name. @see Dataplane.tablesInForce */
export function tableInForce(service: ForwardingService): readonly [string, TableInForce] {
  const { listeners, backends, rows, keptRows = [] } = service;
  return [
    serviceId(listeners[0] as ServiceKey),
    {
      listeners,
      backends: backends.map(({ address, port = 0 }) => ({ address: canonicalAddress(address), port })),
      rows: Int32Array.from(rows),
      keptRows: Array.from(keptRows).sort((a, b) => a - b),
    },
  ];
}
