import { setTimeout as wait } from 'node:timers/promises';
import { type Duration, type ServiceStats, type Snapshot, StatsService } from '@weir/admin-api';
import type { ServiceConfig } from '@weir/control';
import { type BackendCount, type ServiceCount, serviceId } from '@weir/dataplane';
import { countersInOrder } from '../counters-in-order.js';
import { serviceIdOf } from '../forwarding-tables.js';
import { memberId } from '../member-id.js';
import type { NodeFigures } from '../metrics/node-figures.js';
import { invalid, notFound } from './admin-error.js';
import { msOf } from './duration-message.js';
import { type ServiceMethods, serviceMethods } from './service-methods.js';
import { SharedReading } from './shared-reading.js';

const INTERVAL_MS = 1_000;
const INTERVAL_MS_MIN = 100;
const INTERVAL_MS_MAX = 3_600_000;
/** Less than the shortest interval: nobody sees the same figures twice. */
const READING_AGE_MS = 50;

/** What is read of the node. */
export type StatsFigures = Pick<NodeFigures, 'config' | 'counters' | 'flowTable'>;

interface Reading {
  readonly time: Date;
  readonly figures: StatsFigures;
}

/** weir.admin.v1.Stats. */
export function statsService(figures: () => Promise<StatsFigures>): ServiceMethods {
  const shared = new SharedReading<Reading>(
    async () => ({ figures: await figures(), time: new Date() }),
    READING_AGE_MS,
  );
  return serviceMethods(StatsService, {
    getStats: {
      role: 'viewer',
      async unary({ services }) {
        const reading = await shared.get();
        requireServices(services, reading.figures);
        return { snapshot: snapshotOf(reading, services) };
      },
    },
    streamStats: {
      role: 'viewer',
      async *stream({ services, interval }, { signal }) {
        const intervalMs = intervalOf(interval);
        requireServices(services, (await shared.get()).figures);
        while (!signal.aborted) {
          yield { snapshot: snapshotOf(await shared.get(), services) };
          await wait(intervalMs, undefined, { signal });
        }
      },
    },
  });
}

function intervalOf(interval: Duration | undefined): number {
  if (interval === undefined) return INTERVAL_MS;
  const ms = msOf(interval);
  if (ms >= INTERVAL_MS_MIN && ms <= INTERVAL_MS_MAX) return ms;
  throw invalid([{ field: 'interval', description: `${ms} ms is not within 100 ms and 1 h` }]);
}

function requireServices(wanted: readonly string[], { config }: StatsFigures): void {
  const names = new Set(config.services.map(({ name }) => name));
  const missing = wanted.find((name) => !names.has(name));
  if (missing !== undefined) throw notFound(`service ${missing}`);
}

function snapshotOf({ time, figures }: Reading, wanted: readonly string[]): Snapshot {
  const { config, flowTable } = figures;
  const { services, drops, handovers } = countersInOrder(figures.counters, config.services);
  const configOf = new Map(config.services.map((service) => [serviceIdOf(service), service]));
  const told = services.flatMap((count) => {
    const service = configOf.get(serviceId(count));
    return wanted.length > 0 && !wanted.includes(service?.name ?? '') ? [] : [serviceStats(count, service)];
  });
  return {
    time,
    services: told,
    drops: Object.fromEntries(
      Object.entries(drops).flatMap(([reason, packets]) => (packets > 0 ? [[reason, BigInt(packets)]] : [])),
    ),
    handovers: handovers.map(({ address, packets, bytes }) => ({
      nodeAddress: address,
      packets: BigInt(packets),
      bytes: BigInt(bytes),
    })),
    flows: BigInt(flowTable.taken),
    flowCapacity: BigInt(flowTable.places),
  };
}

/** @param service  undefined: it is not configured any more; then it is named by its listener */
function serviceStats(count: ServiceCount, service: ServiceConfig | undefined): ServiceStats {
  const nameOf = new Map(service?.backends.map((backend) => [memberId(backend), backend.name]));
  const connections = (of: 'activeConnections' | 'inactiveConnections') =>
    count.backends.reduce((total, backend) => total + backend[of], 0);
  return {
    name: service?.name ?? serviceId(count),
    traffic: traffic({
      ...count,
      activeConnections: connections('activeConnections'),
      inactiveConnections: connections('inactiveConnections'),
    }),
    backends: count.backends.map((backend) => {
      const { address, port } = backend;
      const name = nameOf.get(memberId(port === 0 ? { address } : { address, port })) ?? address;
      return { name, address, port, traffic: traffic(backend) };
    }),
  };
}

function traffic(count: Pick<BackendCount, 'packets' | 'bytes' | 'activeConnections' | 'inactiveConnections'>) {
  return {
    packets: BigInt(count.packets),
    bytes: BigInt(count.bytes),
    activeConnections: BigInt(count.activeConnections),
    inactiveConnections: BigInt(count.inactiveConnections),
  };
}
