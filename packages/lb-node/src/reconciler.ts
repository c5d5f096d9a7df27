import { setTimeout as wait } from 'node:timers/promises';
import type { Announcement } from '@weir/bgp-speaker';
import type { NodeConfig } from '@weir/control';
import type { AppliedChanges, Dataplane, ForwardingTables } from '@weir/dataplane';
import { Announcer, type AnnouncerParts } from './announcer.js';
import { type ForwardingPlan, ForwardingPlanner } from './forwarding-tables.js';
import { ipBatch } from './ip-command.js';
import { KernelPreparation } from './kernel-preparation.js';
import { defaultRouters, lookAround, type Route, resolve } from './next-hops.js';
import type { InForce } from './node-condition.js';
import type { NodeHealth } from './node-health.js';
import { ownNetworks } from './own-networks.js';
import { otherNodes } from './owner-table.js';
import { backupAddresses, planPoolAnnouncements } from './pool-announcements.js';
import { translates } from './prepare-kernel.js';
import type { NearBackends } from './same-subnet.js';
import type { SharingMoment } from './sharing-tables.js';
import { refuseStrayPackets } from './stray-packets.js';
import { allVips } from './vips.js';

/** What the reconciler drives. */
export interface ReconcilerParts extends AnnouncerParts {
  readonly dataplane: Dataplane;
  /** Asked at each pass; absent where the configuration has no `state`. */
  readonly sharing?: (() => SharingMoment) | undefined;
  /** Told the configuration at each pass, it answers with that of the backends that are to be used. Absent: all are. */
  readonly health?: Pick<NodeHealth, 'follow'> | undefined;
  /** Asked at each pass for the configuration without backends that this node can't reach. Absent: it reaches all. */
  readonly near?: Pick<NearBackends, 'of'> | undefined;
  /** Told of each pass when it has ended. */
  readonly onPass?: ((pass: Pass) => void) | undefined;
}

/** How a pass went. */
export interface Pass {
  readonly durationMs: number;
  /** Undefined: it failed before there were any. */
  readonly changes: AppliedChanges | undefined;
  readonly failed: boolean;
}

/** What is in force after a pass. */
export interface Reconciled {
  /** VIPs. */
  readonly announced: readonly Announcement[];
  readonly reachableBackends: number;
  /**
   * When time alone makes another pass worthwhile: weights grow, rows have learned, or are kept and perhaps need it no more,
   * routes of a node that leaves are marked for a while. Undefined: never.
   */
  readonly againInMs: number | undefined;
  readonly inForce: InForce;
}

/**
 * Compares what should be with what is, and closes the gap; the only writer of the data plane. A pass looks at the
 * whole, so it does not matter what caused it: a new configuration, a route that changed, a timer.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #planner = new ForwardingPlanner();
  readonly #kernel = new KernelPreparation();
  readonly #announcer: Announcer;
  #pass: Promise<Reconciled> | undefined;
  #next: Promise<Reconciled> | undefined;
  /** Of the pass that runs. */
  #changes: AppliedChanges | undefined;
  #config: NodeConfig;

  constructor(config: NodeConfig, parts: ReconcilerParts) {
    this.#config = config;
    this.#parts = parts;
    this.#announcer = new Announcer(parts);
  }

  /** The configuration that passes work towards. */
  get config(): NodeConfig {
    return this.#config;
  }

  /** Why VIPs are not announced, in sentences that begin with them or hold for all. */
  get silence(): readonly string[] {
    return this.#announcer.silence;
  }

  /** Prefixes of VIPs that are announced now. */
  get announced(): readonly string[] {
    return this.#announcer.announcedVips;
  }

  /** Works towards another configuration from the next pass on. */
  want(config: NodeConfig): void {
    this.#config = config;
  }

  /**
   * Marks all VIPs for `bgp.gracefulShutdown`, then withdraws them, and announces none from then on; what still arrives is
   * forwarded. Local addresses stay announced: answers of backends to what is forwarded still have to come back.
   * @param hurry  cuts the time short
   */
  async drain(hurry?: AbortSignal): Promise<void> {
    this.#announcer.leave();
    await this.reconcile().catch(() => {});
    const markedMs = this.#announcer.markedMs;
    if (markedMs !== undefined) await wait(markedMs, undefined, hurry && { signal: hurry }).catch(() => {});
    this.#announcer.endMarking();
    // A pass that began before may still announce; whatever became of it, nothing is announced after it.
    await this.reconcile().catch(() => {});
    await this.#announcer.withdrawVips();
  }

  /**
   * One pass; resolves when a pass that started after this call has ended. Calls while one runs share the next.
   * @throws what the data plane, the speaker or the kernel refused; the next pass tries again
   */
  reconcile(): Promise<Reconciled> {
    if (this.#pass === undefined) return this.#begin();
    this.#next ??= this.#pass.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  /** Resolves when no pass runs and none is due, however they ended: what a pass works with may be closed then. */
  async settled(): Promise<void> {
    while (this.#pass !== undefined) await (this.#next ?? this.#pass).catch(() => {});
  }

  #begin(): Promise<Reconciled> {
    this.#next = undefined;
    this.#pass = this.#timed().finally(() => {
      this.#pass = undefined;
    });
    return this.#pass;
  }

  async #timed(): Promise<Reconciled> {
    const { now, onPass } = this.#parts;
    const begunMs = now();
    this.#changes = undefined;
    let failed = true;
    try {
      const reconciled = await this.#reconcile();
      failed = false;
      return reconciled;
    } finally {
      onPass?.({ durationMs: now() - begunMs, changes: this.#changes, failed });
    }
  }

  async #reconcile(): Promise<Reconciled> {
    const config = (await this.#parts.near?.of(this.#config)) ?? this.#config;
    const backends = new Set(config.services.flatMap((service) => service.backends.map(({ address }) => address)));
    const [changed, { routes, neighbours }] = await Promise.all([
      this.#kernel.before(config),
      lookAround([...new Set([...backends, ...otherNodes(config)])]),
    ]);
    this.#logSettings(changed);
    // Answers of nat and fullnat are sent to clients by XDP too.
    const routers = config.services.some(translates) ? await defaultRouters() : [];
    const hops = await resolve(new Map([...routers, ...routes]), neighbours);
    const reachable = hops.resolved;
    const reachableBackends = [...backends].filter((address) => reachable.has(address)).length;

    const networks = config.bgp?.backupPools === undefined ? [] : await ownNetworks();
    const pools = planPoolAnnouncements(config, networks);
    const vips = new Set(allVips(config));
    await this.#announcer.withdrawUnwanted(vips, pools);
    const sources = sourcesOf(config, routes);
    const used = (await this.#parts.health?.follow(config, sources)) ?? config;
    const plan = await this.#apply(used, sources, reachable);
    await ipBatch(hops.changes);
    await refuseStrayPackets([...vips, ...backupAddresses(config, networks)]);
    this.#logSettings(await this.#kernel.after(config));
    const announced = await this.#announcer.announce(used, reachable, networks);
    const againInMs = soonest(plan.againInMs, announced.againInMs);
    const inForce = { config, tables: plan.tables, usedServices: used.services, reachable };
    return { announced: announced.vips, reachableBackends, againInMs, inForce };
  }

  #logSettings(changed: readonly string[]): void {
    if (changed.length > 0)
      this.#parts.logger.info({ event: 'kernel_settings_changed', changed }, 'changed settings of the kernel');
  }

  /** Resolves when the plan is in force. */
  async #apply(
    config: NodeConfig,
    sources: ForwardingTables['sources'],
    reachable: ReadonlySet<string>,
  ): Promise<ForwardingPlan> {
    const { dataplane, logger, now, sharing, absentNodes } = this.#parts;
    const before = new Set(dataplane.attachments().map((attachment) => attachment.interface));
    try {
      const absent = absentNodes?.() ?? new Set();
      await this.#planner.prepare(config, new Set([...reachable].filter((address) => !absent.has(address))), now());
      const nowMs = now();
      this.#planner.need(dataplane.takeNeededRows(), nowMs);
      const plan = this.#planner.plan(config, sources, nowMs, () => dataplane.tablesInForce(), sharing?.());
      const changes = await dataplane.apply(plan.tables);
      this.#changes = changes;
      if (hasChanges(changes)) logger.info({ event: 'tables_changed', ...changes }, 'tables changed');
      for (const { interface: name, mode, adopted, nativeRefusedWith } of dataplane.attachments()) {
        if (before.has(name)) continue;
        logger.info(
          {
            event: 'interface_attached',
            interface: name,
            mode,
            adopted,
            ...(nativeRefusedWith ? { nativeRefusedWith } : {}),
          },
          `XDP runs in ${mode} mode on ${name}`,
        );
      }
      return plan;
    } catch (error) {
      // A VIP whose packets this node can't take must not stay announced. Answers of connections that it has still come.
      await (this.#isAttached(config) ? this.#announcer.withdrawVips() : this.#announcer.withdrawAll());
      throw error;
    }
  }

  #isAttached({ node }: NodeConfig): boolean {
    const names = new Set(this.#parts.dataplane.attachments().map((attachment) => attachment.interface));
    return node.interfaces.every((name) => names.has(name));
  }
}

/** The configured source addresses; where none is, the kernel's choice for the first backend of that family. */
function sourcesOf(config: NodeConfig, routes: ReadonlyMap<string, Route>): ForwardingTables['sources'] {
  const chosen = (isIpv6: boolean) =>
    [...routes].find(([address, { source }]) => address.includes(':') === isIpv6 && source !== undefined)?.[1].source;
  return { ipv4: config.node.address ?? chosen(false), ipv6: config.node.address6 ?? chosen(true) };
}

function soonest(...times: readonly (number | undefined)[]): number | undefined {
  const due = times.filter((time) => time !== undefined);
  return due.length === 0 ? undefined : Math.min(...due);
}

function hasChanges(changes: AppliedChanges): boolean {
  return Object.values(changes).some((count) => count > 0);
}
