import type { ServiceConfig } from '@weir/control';
import { type Counters, serviceId } from '@weir/dataplane';
import { serviceKeyOf } from './forwarding-tables.js';
import { memberId } from './member-id.js';

/** Counters with services and backends as the configuration lists them; what is not configured any more comes last. */
export function countersInOrder(counters: Counters, configured: readonly ServiceConfig[]): Counters {
  const serviceOf = new Map(
    configured.flatMap((service) =>
      service.listeners.slice(0, 1).map((listener) => [serviceId(serviceKeyOf(listener)), service]),
    ),
  );
  const services = sortedLike([...serviceOf.keys()], counters.services, serviceId).map((service) => {
    const ids = serviceOf.get(serviceId(service))?.backends.map(memberId) ?? [];
    const backends = sortedLike(ids, service.backends, ({ address, port }) =>
      memberId(port === 0 ? { address } : { address, port }),
    );
    return { ...service, backends };
  });
  return { ...counters, services };
}

function sortedLike<T>(ids: readonly string[], items: readonly T[], idOf: (item: T) => string): T[] {
  const placeOf = new Map(ids.map((id, place) => [id, place]));
  const place = (item: T) => placeOf.get(idOf(item)) ?? ids.length;
  return items.toSorted((a, b) => place(a) - place(b));
}
