import {
  type BackendStats,
  type Duration,
  type Flow,
  FlowsService,
  FlowTimeouts,
  type Service,
  ServicesService,
  type Snapshot,
  StatsService,
  serviceEntryOf,
  serviceSpecOf,
  type Traffic,
} from '@weir/admin-api';
import type { ServiceInput } from '@weir/control';
import type { AdminClient } from '../client/admin-client.js';
import { allPages } from '../client/all-pages.js';
import { durationMs, durationOf } from '../render/quantities.js';
import {
  type Balancer,
  type BalancerCounters,
  type BalancerFlow,
  type BalancerService,
  type Counters,
  type FlowEnd,
  type FlowState,
  noCounters,
} from './balancer.js';
import type { ListenerInput } from './placed-service.js';
import { listenersOf } from './workspace.js';

const PAGE_SIZE = 1000;
const RATE_SECONDS = 1;

/** The daemon of a node as ipvsadm's commands need it; changes go where those of `weirctl apply` go. */
export class AdminBalancer implements Balancer {
  readonly #client: AdminClient;

  constructor(client: AdminClient) {
    this.#client = client;
  }

  async services(): Promise<readonly BalancerService[]> {
    const services = await allPages(
      (pageToken) => this.#client.call(ServicesService.listServices, { pageSize: PAGE_SIZE, pageToken, vip: '' }),
      (page) => page.services,
    );
    return services.flatMap(balancerService);
  }

  async apply(service: ServiceInput, revision: string | undefined): Promise<void> {
    await this.#client.call(ServicesService.applyService, {
      service: serviceSpecOf(service),
      updateMask: undefined,
      expectedRevision: revision ?? '0',
      dryRun: false,
      save: false,
    });
  }

  async remove(name: string, revision: string): Promise<void> {
    await this.#client.call(ServicesService.deleteService, { name, expectedRevision: revision, save: false });
  }

  async counters(): Promise<BalancerCounters> {
    const { snapshot } = await this.#client.call(StatsService.getStats, { services: [] });
    return countersOf(snapshot);
  }

  async rates(): Promise<BalancerCounters> {
    const request = { services: [], interval: { seconds: BigInt(RATE_SECONDS), nanos: 0 } };
    let before: Snapshot | undefined;
    for await (const { snapshot } of this.#client.stream(StatsService.streamStats, request)) {
      if (before !== undefined) return ratesOf(countersOf(before), countersOf(snapshot));
      before = snapshot;
    }
    return new Map();
  }

  async *flows(): AsyncIterable<BalancerFlow> {
    const services = new Map((await this.services()).map(({ service }) => [service.name, listenersOf(service)]));
    const request = { filter: undefined, limit: 0n };
    for await (const { flows } of this.#client.stream(FlowsService.listFlows, request)) {
      yield* flows.map((flow) => balancerFlow(flow, services.get(flow.service) ?? []));
    }
  }

  async timeouts(): Promise<Readonly<Record<FlowState, number>>> {
    const { timeouts } = await this.#client.call(FlowsService.getTimeouts, {});
    const seconds = (duration: Duration | undefined) => durationMs(duration) / 1000;
    return {
      syn: seconds(timeouts?.tcpSyn),
      established: seconds(timeouts?.tcp),
      fin: seconds(timeouts?.tcpFin),
      closed: seconds(timeouts?.tcpClose),
      udp: seconds(timeouts?.udp),
      other: seconds(timeouts?.other),
    };
  }

  async setTimeouts({ established, fin, udp }: Parameters<Balancer['setTimeouts']>[0]): Promise<void> {
    const timeouts = FlowTimeouts.fromPartial({
      ...(established === undefined ? {} : { tcp: durationOf(established * 1000) }),
      ...(fin === undefined ? {} : { tcpFin: durationOf(fin * 1000) }),
      ...(udp === undefined ? {} : { udp: durationOf(udp * 1000) }),
    });
    await this.#client.call(FlowsService.setTimeouts, { timeouts });
  }

  async flowCapacity(): Promise<number> {
    const { snapshot } = await this.#client.call(StatsService.getStats, { services: [] });
    return Number(snapshot?.flowCapacity ?? 0n);
  }
}

function balancerService({ spec, revision }: Service): BalancerService[] {
  // What the node sends is valid: it is in force.
  return spec === undefined ? [] : [{ service: serviceEntryOf(spec) as unknown as ServiceInput, revision }];
}

function countersOf(snapshot: Snapshot | undefined): BalancerCounters {
  return new Map(
    (snapshot?.services ?? []).map(({ name, traffic, backends }) => [
      name,
      {
        total: ofTraffic(traffic),
        backends: new Map(backends.map((backend: BackendStats) => [backend.name, ofTraffic(backend.traffic)])),
      },
    ]),
  );
}

function ofTraffic(traffic: Traffic | undefined): Counters {
  if (traffic === undefined) return noCounters;
  const { packets, bytes, activeConnections, inactiveConnections } = traffic;
  return { packets, bytes, activeConnections, inactiveConnections };
}

/** By how much counters grew; connections that ended count for nothing. */
function ratesOf(before: BalancerCounters, after: BalancerCounters): BalancerCounters {
  return new Map(
    [...after].map(([name, { total, backends }]) => {
      const earlier = before.get(name);
      return [
        name,
        {
          total: growth(earlier?.total, total),
          backends: new Map([...backends].map(([key, own]) => [key, growth(earlier?.backends.get(key), own)])),
        },
      ];
    }),
  );
}

function growth(before: Counters = noCounters, after: Counters): Counters {
  const grown = (key: keyof Counters) => (after[key] > before[key] ? after[key] - before[key] : 0n);
  return {
    packets: grown('packets'),
    bytes: grown('bytes'),
    activeConnections: grown('activeConnections'),
    inactiveConnections: 0n,
  };
}

/** @param listeners  of the flow's service */
function balancerFlow(
  { tuple, backendAddress, backendPort, state, idle }: Flow,
  listeners: readonly ListenerInput[],
): BalancerFlow {
  const [only] = listeners.length === 1 ? listeners : [];
  const protocol = tuple?.protocol ?? listeners[0]?.protocol ?? 'tcp';
  const virtual = tuple === undefined ? virtualOf(only) : { address: tuple.vip, port: tuple.vipPort };
  return {
    protocol,
    client: tuple && { address: tuple.clientAddress, port: tuple.clientPort },
    virtual,
    backend: { address: backendAddress, port: backendPort === 0 ? (virtual?.port ?? 0) : backendPort },
    state: stateOf(state, protocol),
    idleSeconds: Number(idle?.seconds ?? 0n) + (idle?.nanos ?? 0) / 1e9,
  };
}

function virtualOf(listener: ListenerInput | undefined): FlowEnd | undefined {
  return listener && { address: listener.vip, port: listener.port === 'all' ? 0 : listener.port };
}

function stateOf(state: string, protocol: string): FlowState {
  if (state === 'syn' || state === 'established' || state === 'fin' || state === 'closed') return state;
  return protocol === 'udp' ? 'udp' : 'other';
}
