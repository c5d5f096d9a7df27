import type { Snapshot, Traffic } from '@weir/admin-api';

/** Of a moment, per second. */
export interface Rate {
  readonly packetsPerSecond: number;
  readonly bytesPerSecond: number;
}

/** A service, then its backends. */
export interface TrafficRow extends Rate {
  readonly service: string;
  /** Empty: all of the service. */
  readonly backend: string;
  readonly activeConnections: number;
}

export interface TrafficRates {
  readonly total: Rate;
  /** Services with the most packets first, and within them backends. */
  readonly rows: readonly TrafficRow[];
  readonly flows: number;
  readonly flowCapacity: number;
  /** By reason; those without any are left out. */
  readonly dropsPerSecond: Readonly<Record<string, number>>;
}

/** What flowed between two looks. A service or backend that is new counts from nothing. */
export function rates(before: Snapshot, after: Snapshot): TrafficRates {
  const seconds = Math.max(0.001, ((after.time?.getTime() ?? 0) - (before.time?.getTime() ?? 0)) / 1000);
  const rateOf = (now: Traffic | undefined, then: Traffic | undefined): Rate => ({
    packetsPerSecond: increase(now?.packets, then?.packets) / seconds,
    bytesPerSecond: increase(now?.bytes, then?.bytes) / seconds,
  });
  const services = after.services
    .map((service) => {
      const former = before.services.find(({ name }) => name === service.name);
      const own = {
        service: service.name,
        backend: '',
        activeConnections: sum(service.backends.map(({ traffic }) => Number(traffic?.activeConnections ?? 0n))),
        ...rateOf(service.traffic, former?.traffic),
      };
      const backends = service.backends.map((backend) => ({
        service: service.name,
        backend: backend.name,
        activeConnections: Number(backend.traffic?.activeConnections ?? 0n),
        ...rateOf(backend.traffic, former?.backends.find(({ name }) => name === backend.name)?.traffic),
      }));
      return [own, ...backends.sort(busiestFirst)] as const;
    })
    .sort(([a], [b]) => busiestFirst(a, b));
  const drops = Object.entries(after.drops)
    .map(([reason, count]) => [reason, increase(count, before.drops[reason]) / seconds] as const)
    .filter(([, rate]) => rate > 0);
  return {
    total: {
      packetsPerSecond: sum(services.map(([own]) => own.packetsPerSecond)),
      bytesPerSecond: sum(services.map(([own]) => own.bytesPerSecond)),
    },
    rows: services.flat(),
    flows: Number(after.flows),
    flowCapacity: Number(after.flowCapacity),
    dropsPerSecond: Object.fromEntries(drops),
  };
}

/** Counters begin anew with new tables. */
function increase(now = 0n, then = 0n): number {
  return Number(now >= then ? now - then : now);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function busiestFirst(a: TrafficRow, b: TrafficRow): number {
  return b.packetsPerSecond - a.packetsPerSecond || b.activeConnections - a.activeConnections;
}
