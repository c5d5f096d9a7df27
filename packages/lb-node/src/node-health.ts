import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BackendConfig, NodeConfig, ServiceConfig } from '@weir/control';
import type { Logger } from '@weir/daemon';
import type { Dataplane, ForwardingTables } from '@weir/dataplane';
import { type HealthChange, HealthMonitor } from '@weir/health';
import { type AskedBackend, askedBackends } from './asked-backends.js';
import { leftOut, probedReport, unprobedReport } from './backend-report.js';
import { FirstVerdicts } from './first-verdicts.js';
import { type PlannedProbe, planProbes, probeId } from './health-probes.js';
import type { BackendReport, HealthReport } from './health-report.js';
import { type FormerVerdicts, initialVerdicts } from './initial-verdicts.js';
import { PassiveHealth } from './passive-health.js';
import { ProbeWays } from './probe-ways.js';
import { type Use, type UsedService, usedService } from './used-backends.js';

export interface NodeHealthParts {
  /** Counts what becomes of the connections of clients. */
  readonly dataplane: Pick<Dataplane, 'counters'>;
  readonly logger: Logger;
  /** {@link NodeHealth.follow} would resolve to something else than before. */
  readonly onChange: () => void;
  /** Tables of a former life forward meanwhile: nothing is said of backends before they are asked. */
  readonly awaitsVerdicts: boolean;
}

/** Asks the backends of a node whether they serve, looks whether they do, and says which of them to use. */
export class NodeHealth implements AsyncDisposable {
  readonly #parts: NodeHealthParts;
  readonly #ways: ProbeWays;
  readonly #monitor: HealthMonitor;
  readonly #passive: PassiveHealth;
  readonly #first = new FirstVerdicts();
  #probes: ReadonlyMap<string, PlannedProbe> = new Map();
  /** All backends of the last configuration, with a check or without. Undefined: there was none. */
  #known: ReadonlySet<string> | undefined;
  #uses: ReadonlyMap<string, Use> = new Map();
  /** Of the configuration: to ask for reports of ten thousand backends must not cost ten thousand texts. */
  #asked: readonly AskedBackend[] = [];
  readonly #startedMs = Date.now();

  /** @param interfaces  of the node */
  constructor(interfaces: readonly string[], parts: NodeHealthParts) {
    this.#parts = parts;
    this.#ways = new ProbeWays(interfaces, parts.logger);
    this.#monitor = new HealthMonitor({
      onChange: (changes) => {
        for (const change of changes) this.#log(change);
        parts.onChange();
      },
      onProbe: (id, { isWell }) => this.#first.learn(id, isWell, this.#monitor.verdict(id)?.verdict),
    });
    this.#passive = new PassiveHealth({ ...parts, isHealthy: (id) => this.#isUp(id), now: () => performance.now() });
  }

  /**
   * Has the checks of a configuration done from now on, and resolves to it as verdicts have it now. One call at a time.
   *
   * What a node finds at its start is up until it proves not to be; of what comes later, see {@link initialVerdicts}.
   * @param sources  addresses of this node that encapsulated packets come from
   */
  async follow(config: NodeConfig, sources: ForwardingTables['sources']): Promise<NodeConfig> {
    if (await this.#ways.set(config, sources)) {
      const planned = planProbes(config, (way) => this.#ways.markOf(way));
      const initially = initialVerdicts(config, planned, this.#former());
      this.#probes = new Map(planned.map((probe) => [probe.id, probe]));
      this.#asked = askedBackends(config, this.#probes);
      this.#monitor.set(planned.map((probe) => ({ ...probe, initially: initially.get(probe.id) ?? 'up' })));
      const isFirst = this.#known === undefined;
      this.#known = new Set(
        config.services.flatMap((service) => service.backends.map((backend) => probeId(service, backend))),
      );
      if (isFirst) this.#first.expect(planned);
      if (isFirst && this.#parts.awaitsVerdicts) await this.firstVerdicts();
    }
    this.#passive.follow(config);
    return this.#used(config);
  }

  /** Resolves when all backends of the first configuration are known to be up or down, or were asked for long enough. */
  async firstVerdicts(): Promise<void> {
    await this.#first.reached;
    // The monitor tells of a change with the next turn; the log has it before what follows from it.
    await nextTurn();
  }

  /** A few words for people; undefined where no backend is checked. */
  status(): string | undefined {
    const { backends } = this.report();
    if (backends.length === 0) return undefined;
    return `${backends.filter(({ verdict }) => verdict === 'up').length} of ${backends.length} backends healthy`;
  }

  readonly report = (): HealthReport => {
    const backends: BackendReport[] = [];
    for (const one of this.#asked) {
      const report = this.#reportOf(one);
      if (report !== undefined) backends.push(report);
    }
    return { backends };
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#first.giveUp();
    this.#passive[Symbol.dispose]();
    await this.#monitor[Symbol.asyncDispose]();
    await this.#ways[Symbol.asyncDispose]();
  }

  /** By its probes. */
  #isUp(id: string): boolean {
    return this.#monitor.verdict(id)?.verdict !== 'down';
  }

  /** Undefined: nothing is known of it yet. */
  #reportOf({ id, service, backend, probe, isPassive }: AskedBackend): BackendReport | undefined {
    const status = probe && this.#monitor.status(id);
    const probed = probe && status && probedReport(probe, status);
    const report = probed ?? (isPassive ? unprobedReport(service, backend, this.#startedMs) : undefined);
    const ejection = report && isPassive ? this.#passive.ejection(service, id) : undefined;
    return report && ejection ? leftOut(report, ejection, performance.now()) : report;
  }

  #former(): FormerVerdicts | undefined {
    const [known, probes] = [this.#known, this.#probes.values()];
    return known && { known, probes, verdictOf: (id) => this.#monitor.verdict(id)?.verdict };
  }

  #used(config: NodeConfig): NodeConfig {
    const isHealthy = (service: Pick<ServiceConfig, 'name'>, backend: BackendConfig) => {
      const id = probeId(service, backend);
      return this.#isUp(id) && this.#passive.ejection(service.name, id) === undefined;
    };
    const used = config.services.map((service) => usedService(service, isHealthy));
    for (const service of used) this.#logUse(service);
    this.#uses = new Map(used.map(({ service, use }) => [service.name, use]));
    return { ...config, services: used.map(({ service }) => service) };
  }

  #log({ id, verdict, reason, held = false }: HealthChange): void {
    const probe = this.#probes.get(id);
    if (probe === undefined) return;
    const { service, backend } = probe;
    const fields = { service, backend, verdict, reason, ...(held ? { held } : {}) };
    const text = `backend ${backend} of ${service} is ${verdict}${held ? ' and held there, it changes too often' : ''}: ${reason}`;
    if (verdict === 'up') this.#parts.logger.info({ event: 'backend_up', ...fields }, text);
    else this.#parts.logger.warn({ event: 'backend_down', ...fields }, text);
  }

  #logUse({ service: { name }, use, healthy, serving }: UsedService): void {
    const former = this.#uses.get(name) ?? 'healthy';
    if (use === former) return;
    const fields = { service: name, use, healthy, serving };
    const state = `service ${name}: ${healthy} of ${serving} backends healthy`;
    const { logger } = this.#parts;
    if (use === 'all') {
      logger.warn({ event: 'service_uses_all', ...fields }, `${state}, fewer than minHealthy; all of them are used`);
    } else if (use === 'fallback') {
      logger.warn({ event: 'service_uses_fallback', ...fields }, `${state}; the fallback takes new flows`);
    } else {
      logger.info({ event: 'service_uses_healthy', ...fields }, `${state}; new flows go to healthy backends again`);
    }
  }
}
