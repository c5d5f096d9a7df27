import type { BackendConfig, ListenerConfig, NodeConfig, PersistenceConfig, ServiceConfig } from '@weir/control';
import {
  type FlowTimeouts,
  type ForwardingBackend,
  type ForwardingService,
  type ForwardingTables,
  type Persistence,
  type ServiceKey,
  serviceId,
  type TableInForce,
} from '@weir/dataplane';
import { ChoiceTables } from './choice-tables.js';
import { forwardingMethodOf, schedulingOf } from './forwarding-method.js';
import { OwnerTable } from './owner-table.js';
import { Pinning } from './pinning.js';
import { serviceRows } from './service-rows.js';
import { type SharingMoment, sharingTablesOf } from './sharing-tables.js';
import { SLOW_START_STEP_MS, SlowStart, type WeighedService } from './slow-start.js';

/** What the data plane should do now, and when to ask again although nothing else has changed. */
export interface ForwardingPlan {
  readonly tables: ForwardingTables;
  /** Undefined: the plan stays as it is. */
  readonly againInMs: number | undefined;
}

/** One service of a plan. */
interface ServicePlan {
  readonly service: ForwardingService;
  readonly againInMs: number | undefined;
}

/**
 * From configuration to what the data plane should do. Keeps the tables that it computed last, because most changes
 * leave most services as they were and a table of 65,537 rows takes milliseconds.
 */
export class ForwardingPlanner {
  readonly #slowStart = new SlowStart();
  readonly #pinning = new Pinning();
  readonly #choices = new ChoiceTables();
  readonly #owners = new OwnerTable();
  #tables = new Map<string, Uint32Array>();

  /**
   * Makes what takes long, without holding up anything else; to be called before {@link plan}.
   * @param reachable  addresses whose neighbour is resolved
   */
  async prepare(config: NodeConfig, reachable: ReadonlySet<string>, nowMs: number): Promise<void> {
    await this.#choices.prepare(config.services);
    await this.#owners.prepare(config, reachable, nowMs);
  }

  /**
   * @param sources  addresses of this node that encapsulated packets come from
   * @param nowMs    of a clock that is never set back
   * @param tablesInForce  see Dataplane.tablesInForce; asked at most once, for services with pinning that are new here
   * @param sharing  as it is at the moment; of no meaning where the configuration has no `state`
   */
  plan(
    config: NodeConfig,
    sources: ForwardingTables['sources'],
    nowMs: number,
    tablesInForce: () => ReadonlyMap<string, TableInForce> = () => new Map(),
    sharing: SharingMoment = { datagrams: false },
  ): ForwardingPlan {
    let known: ReadonlyMap<string, TableInForce> | undefined;
    const inForce = (id: string) => {
      known ??= tablesInForce();
      return known.get(id);
    };
    const kept = new Map<string, Uint32Array>();
    this.#pinning.retain(config.services.filter(({ pinning }) => pinning !== undefined).map(serviceIdOf));
    const weighed = this.#slowStart.weigh(config.services, nowMs);
    const plans = config.services.map((service, i) =>
      this.#service(service, weighed[i] as WeighedService, kept, nowMs, inForce),
    );
    this.#tables = kept;
    const owners = this.#owners.ownersFor(config);
    return {
      tables: {
        services: plans.map(({ service }) => service),
        sources,
        localAddresses: config.node.localAddresses,
        hashSeed: config.dataplane.hashSeed,
        timeouts: timeoutsOf(config),
        guard: config.guard,
        ...(owners === undefined ? {} : { owners }),
        ...sharingTablesOf(config, sharing),
      },
      againInMs: soonest(plans.map(({ againInMs }) => againInMs)),
    };
  }

  /**
   * Holds rows on that the data plane needs; to be told before {@link plan}.
   * @param rowsOf  see Dataplane.takeNeededRows
   */
  need(rowsOf: ReadonlyMap<string, readonly number[]>, nowMs: number): void {
    this.#pinning.need(rowsOf, nowMs);
  }

  #service(
    service: ServiceConfig,
    { members, isGrowing }: WeighedService,
    kept: Map<string, Uint32Array>,
    nowMs: number,
    inForce: (id: string) => TableInForce | undefined,
  ): ServicePlan {
    if (service.secondChance !== undefined) {
      const rows = this.#choices.rowsOf(service);
      const serving = service.backends.map((backend) => backendOf(backend, backend.weight));
      return { service: { ...settingsOf(service), backends: serving, rows }, againInMs: undefined };
    }
    const wanted = { scheduler: service.scheduler, tableRows: service.tableRows, members };
    const identity = JSON.stringify(wanted);
    const rows = this.#tables.get(identity) ?? serviceRows(wanted);
    kept.set(identity, rows);
    const pinned =
      service.pinning === undefined
        ? undefined
        : this.#pinning.plan(
            serviceIdOf(service),
            { members: members.map(({ id }) => id), rows },
            service.pinning,
            nowMs,
            inForce,
          );
    return {
      service: {
        ...settingsOf(service),
        backends: service.backends.map((backend, i) => backendOf(backend, members[i]?.weight ?? 0)),
        rows: pinned?.rows ?? rows,
        ...(pinned === undefined ? {} : { keptRows: pinned.keptRows }),
      },
      againInMs: soonest([pinned?.againInMs, isGrowing ? SLOW_START_STEP_MS : undefined]),
    };
  }
}

function settingsOf(service: ServiceConfig): Omit<ForwardingService, 'backends' | 'rows'> {
  const { persistence, mssClamp, passiveCheck } = service;
  return {
    listeners: service.listeners.map(serviceKeyOf),
    forwarding: forwardingMethodOf(service),
    scheduling: schedulingOf(service),
    ...(persistence === undefined ? {} : { persistence: persistenceOf(persistence) }),
    ...(mssClamp === undefined ? {} : { mssClamp }),
    ...(passiveCheck === undefined ? {} : { watched: true }),
  };
}

function backendOf(backend: BackendConfig, weight: number): ForwardingBackend {
  const { address, port, maxConnections, minConnections } = backend;
  return {
    address,
    weight,
    upperConnections: maxConnections,
    ...(port === undefined ? {} : { port }),
    ...(minConnections === undefined ? {} : { lowerConnections: minConnections }),
  };
}

/** What the data plane knows a service by. */
export function serviceIdOf({ listeners: [first] }: ServiceConfig): string {
  return serviceId(serviceKeyOf(first as ListenerConfig));
}

/** A listener as the data plane knows it. */
export function serviceKeyOf({ vip, protocol, port }: ListenerConfig): ServiceKey {
  return { vip, protocol, port: port === 'all' ? 0 : port };
}

function persistenceOf({ timeoutMs, netmask, netmask6 }: PersistenceConfig): Persistence {
  return { timeoutMs, prefix4: netmask, prefix6: netmask6 };
}

/** See {@link ForwardingTables.timeouts}. */
export function timeoutsOf({ dataplane }: NodeConfig): FlowTimeouts {
  const { tcpMs, ...others } = dataplane.timeouts;
  return { ...others, tcpEstablishedMs: tcpMs };
}

function soonest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
