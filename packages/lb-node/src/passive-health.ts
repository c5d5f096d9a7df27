import type { BackendConfig, NodeConfig, PassiveCheckConfig, ServiceConfig } from '@weir/control';
import type { Logger } from '@weir/daemon';
import { type ConnectionAttempts, type Dataplane, type ServiceKey, serviceId } from '@weir/dataplane';
import { nextWatched, type Watched, type WatchedBackend, type WatchedService } from '@weir/health';
import { serviceKeyOf } from './forwarding-tables.js';
import { probeId } from './health-probes.js';
import { takesNewFlows } from './used-backends.js';

/** How often the data plane is asked what became of connections. */
const LOOK_MS = 1_000;

export interface PassiveHealthParts {
  readonly dataplane: Pick<Dataplane, 'counters'>;
  readonly logger: Logger;
  /** {@link PassiveHealth.isOut} would answer otherwise than before. */
  readonly onChange: () => void;
  /** By probes, of a backend's id. */
  readonly isHealthy: (id: string) => boolean;
  readonly now: () => number;
}

/** A service with a passive check. */
type CheckedService = ServiceConfig & { readonly passiveCheck: PassiveCheckConfig };

/**
 * Looks at what became of the connections of clients, and says which backends are left out for it. Asks the data plane only
 * while some service has a passive check.
 */
export class PassiveHealth implements Disposable {
  readonly #parts: PassiveHealthParts;
  #services: readonly CheckedService[] = [];
  #watched: ReadonlyMap<string, WatchedService> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;

  constructor(parts: PassiveHealthParts) {
    this.#parts = parts;
  }

  /** From now on the services of this configuration are watched. What is known of those that stay is kept. */
  follow({ services }: Pick<NodeConfig, 'services'>): void {
    this.#services = services.filter((service): service is CheckedService => service.passiveCheck !== undefined);
    const names = new Set(this.#services.map(({ name }) => name));
    this.#watched = new Map([...this.#watched].filter(([name]) => names.has(name)));
    if (this.#services.length === 0) this[Symbol.dispose]();
    else this.#timer ??= setInterval(() => void this.#look(), LOOK_MS);
  }

  /** Why a backend is left out at the moment; undefined: it is not. */
  ejection(service: string, id: string): (Watched & { kind: 'out' }) | undefined {
    const state = this.#watched.get(service)?.get(id);
    return state?.kind === 'out' ? state : undefined;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const counts = attemptsOf(await this.#parts.dataplane.counters());
      if (this.#timer === undefined) return;
      const nowMs = this.#parts.now();
      const changes = this.#services.map((service) => this.#lookAt(service, counts, nowMs));
      if (changes.includes(true)) this.#parts.onChange();
    } catch (error) {
      this.#parts.logger.warn(
        { event: 'connections_unread', err: error },
        `could not look at connections: ${(error as Error).message}`,
      );
    } finally {
      this.#isLooking = false;
    }
  }

  /** Returns whether somebody is out or in who was not. */
  #lookAt(service: CheckedService, counts: ReadonlyMap<string, ConnectionAttempts>, nowMs: number): boolean {
    const [first] = service.listeners;
    const key = first && serviceKeyOf(first);
    const serving = service.backends.filter(takesNewFlows);
    const backends = serving.flatMap((backend): WatchedBackend[] => {
      const id = probeId(service, backend);
      const count = key && counts.get(attemptsId(key, backend.address, backend.port));
      // With pinning, a backend that is down is in no table: what it has counted begins anew.
      return [{ id, count: count ?? { tried: 0, unanswered: 0, refused: 0 }, isHealthy: this.#parts.isHealthy(id) }];
    });
    const former = this.#watched.get(service.name) ?? new Map<string, Watched>();
    const next = new Map([
      ...stillOut(service, former, nowMs),
      ...nextWatched(former, backends, nowMs, service.passiveCheck),
    ]);
    this.#watched = new Map([...this.#watched, [service.name, next]]);
    const changed = service.backends.filter((backend) => {
      const id = probeId(service, backend);
      return (former.get(id)?.kind ?? 'in') !== (next.get(id)?.kind ?? 'in');
    });
    for (const backend of changed) this.#log(service, backend, next.get(probeId(service, backend)), nowMs);
    return changed.length > 0;
  }

  #log({ name }: ServiceConfig, config: BackendConfig, state: Watched | undefined, nowMs: number): void {
    const backend = config.name;
    const fields = { service: name, backend };
    if (state?.kind === 'out') {
      const seconds = Math.round((state.untilMs - nowMs) / 1000);
      const { reason } = state;
      this.#parts.logger.warn(
        { event: 'backend_left_out', ...fields, verdict: 'out', reason, seconds },
        `backend ${backend} of ${name} is left out for ${seconds} s: ${reason}`,
      );
    } else {
      this.#parts.logger.info(
        { event: 'backend_back_in', ...fields, verdict: 'in' },
        takesNewFlows(config)
          ? `backend ${backend} of ${name} takes connections again, after it was left out`
          : `backend ${backend} of ${name} is left out no more, but takes no connections by its configuration`,
      );
    }
  }
}

/** Backends that were out when they were drained: nothing is seen of them meanwhile, but their time goes on. */
function stillOut(
  service: ServiceConfig,
  former: WatchedService,
  nowMs: number,
): readonly (readonly [string, Watched])[] {
  return service.backends.flatMap((backend) => {
    const id = probeId(service, backend);
    const state = former.get(id);
    return state?.kind === 'out' && nowMs < state.untilMs && !takesNewFlows(backend) ? [[id, state] as const] : [];
  });
}

function attemptsOf({ services }: Awaited<ReturnType<Dataplane['counters']>>): ReadonlyMap<string, ConnectionAttempts> {
  return new Map(
    services.flatMap((service) =>
      service.backends.flatMap(({ address, port, attempts }) =>
        attempts === undefined ? [] : [[attemptsId(service, address, port), attempts] as const],
      ),
    ),
  );
}

function attemptsId(key: ServiceKey, address: string, port = 0): string {
  return `${serviceId(key)} ${address} ${port}`;
}
