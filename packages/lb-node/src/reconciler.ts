import type { Announcement, BgpSpeaker } from '@weir/bgp-speaker';
import type { NodeConfig } from '@weir/control';
import type { Logger } from '@weir/daemon';
import type { AppliedChanges, Dataplane, ForwardingTables } from '@weir/dataplane';
import { explainSilence, planAnnouncements, vipsOf } from './announcements.js';
import { ForwardingPlanner } from './forwarding-tables.js';
import { defaultRouters, keepResolved, type Route, routesTo } from './next-hops.js';
import { ownNetworks } from './own-networks.js';
import { otherNodes } from './owner-table.js';
import { backupAddresses, explainUnannouncedPools, planPoolAnnouncements } from './pool-announcements.js';
import { prepareKernel, translates } from './prepare-kernel.js';
import type { SharingMoment } from './sharing-tables.js';
import { refuseStrayPackets } from './stray-packets.js';

/** What the reconciler drives. */
export interface ReconcilerParts {
  readonly dataplane: Dataplane;
  /** Absent where the configuration has no `bgp`. */
  readonly speaker: BgpSpeaker | undefined;
  readonly logger: Logger;
  /** In ms, of a clock that is never set back. */
  readonly now: () => number;
  /** Asked at each pass; absent where the configuration has no `state`. */
  readonly sharing?: (() => SharingMoment) | undefined;
  /** Addresses of nodes that are gone although the kernel may not know yet; asked at each pass. */
  readonly absentNodes?: (() => ReadonlySet<string>) | undefined;
  /** Called with all prefixes that are announced, whenever they become others. */
  readonly onAnnounced?: ((prefixes: readonly string[]) => void) | undefined;
}

/** What is in force after a pass. */
export interface Reconciled {
  /** VIPs. */
  readonly announced: readonly Announcement[];
  readonly reachableBackends: number;
  /**
   * When time alone makes another pass worthwhile: weights grow, rows have learned, or are kept and perhaps need it no more.
   * Undefined: never.
   */
  readonly againInMs: number | undefined;
}

/**
 * Compares what should be with what is, and closes the gap; the only writer of the data plane. A pass looks at the
 * whole, so it does not matter what caused it: a new configuration, a route that changed, a timer.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #planner = new ForwardingPlanner();
  /** VIPs and local addresses. */
  #announced: readonly Announcement[] = [];
  /** Prefixes of local addresses, of the last complete pass. */
  #pools: ReadonlySet<string> = new Set();
  #silence = '';
  #draining = false;
  #pass: Promise<Reconciled> | undefined;
  #next: Promise<Reconciled> | undefined;
  #config: NodeConfig;

  constructor(config: NodeConfig, parts: ReconcilerParts) {
    this.#config = config;
    this.#parts = parts;
  }

  /** The configuration that passes work towards. */
  get config(): NodeConfig {
    return this.#config;
  }

  /** Works towards another configuration from the next pass on. */
  want(config: NodeConfig): void {
    this.#config = config;
  }

  /**
   * Withdraws all VIPs and announces none from then on; what still arrives is forwarded. Local addresses stay announced:
   * answers of backends to what is forwarded still have to come back.
   */
  async drain(): Promise<void> {
    this.#draining = true;
    // A pass that began before may still announce; whatever became of it, nothing is announced after it.
    await this.reconcile().catch(() => {});
    await this.#announce(this.#announcedPools());
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
    this.#pass = this.#reconcile().finally(() => {
      this.#pass = undefined;
    });
    return this.#pass;
  }

  async #reconcile(): Promise<Reconciled> {
    const config = this.#config;
    const changed = await prepareKernel(config);
    if (changed.length > 0) this.#parts.logger.info({ changed }, 'changed settings of the kernel');
    const backends = new Set(config.services.flatMap((service) => service.backends.map(({ address }) => address)));
    const routes = await routesTo([...new Set([...backends, ...otherNodes(config)])]);
    // Answers of nat and fullnat are sent to clients by XDP too.
    const routers = config.services.some(translates) ? await defaultRouters() : [];
    const reachable = await keepResolved(new Map([...routers, ...routes]));
    const reachableBackends = [...backends].filter((address) => reachable.has(address)).length;

    const networks = config.bgp?.backupPools === undefined ? [] : await ownNetworks();
    const pools = planPoolAnnouncements(config, networks);
    const vips = new Set(config.services.flatMap(vipsOf));
    const wanted = new Set([...vips, ...pools.map(addressOf)]);
    // What is not wanted any more is withdrawn before it stops working.
    await this.#announce(this.#announced.filter((announcement) => wanted.has(addressOf(announcement))));
    const againInMs = await this.#apply(config, routes, reachable);
    await refuseStrayPackets([...vips, ...backupAddresses(config, networks)]);

    const readiness = { attached: true, reachable, draining: this.#draining };
    const announced = planAnnouncements(config, readiness);
    this.#pools = new Set(pools.map(({ prefix }) => prefix));
    await this.#announce([...announced, ...pools]);
    if (this.#parts.speaker !== undefined) {
      this.#logSilence([...explainSilence(config, readiness), ...explainUnannouncedPools(config, networks)]);
    }
    return { announced, reachableBackends, againInMs };
  }

  #announcedPools(): readonly Announcement[] {
    return this.#announced.filter(({ prefix }) => this.#pools.has(prefix));
  }

  /** Resolves to {@link Reconciled.againInMs}. */
  async #apply(
    config: NodeConfig,
    routes: ReadonlyMap<string, Route>,
    reachable: ReadonlySet<string>,
  ): Promise<number | undefined> {
    const { dataplane, logger, now, sharing, absentNodes } = this.#parts;
    const before = new Set(dataplane.attachments().map((attachment) => attachment.interface));
    try {
      const absent = absentNodes?.() ?? new Set();
      await this.#planner.prepare(config, new Set([...reachable].filter((address) => !absent.has(address))), now());
      const nowMs = now();
      this.#planner.need(dataplane.takeNeededRows(), nowMs);
      const { tables, againInMs } = this.#planner.plan(
        config,
        sourcesOf(config, routes),
        nowMs,
        () => dataplane.tablesInForce(),
        sharing?.(),
      );
      const changes = await dataplane.apply(tables);
      if (hasChanges(changes)) logger.info({ ...changes }, 'tables changed');
      for (const { interface: name, mode, adopted, nativeRefusedWith } of dataplane.attachments()) {
        if (before.has(name)) continue;
        logger.info(
          { interface: name, mode, adopted, ...(nativeRefusedWith ? { nativeRefusedWith } : {}) },
          `XDP runs in ${mode} mode on ${name}`,
        );
      }
      return againInMs;
    } catch (error) {
      // A VIP whose packets this node can't take must not stay announced. Answers of connections that it has still come.
      await this.#announce(this.#isAttached(config) ? this.#announcedPools() : []);
      throw error;
    }
  }

  #isAttached({ node }: NodeConfig): boolean {
    const names = new Set(this.#parts.dataplane.attachments().map((attachment) => attachment.interface));
    return node.interfaces.every((name) => names.has(name));
  }

  async #announce(announcements: readonly Announcement[]): Promise<void> {
    const { speaker, logger, onAnnounced } = this.#parts;
    if (speaker === undefined) return;
    const before = new Set(this.#announced.map(({ prefix }) => prefix));
    const after = new Set(announcements.map(({ prefix }) => prefix));
    await speaker.set(announcements);
    this.#announced = announcements;
    const withdrawn = [...before].filter((prefix) => !after.has(prefix));
    const added = [...after].filter((prefix) => !before.has(prefix));
    for (const prefix of withdrawn) logger.warn({ prefix }, `withdrew ${prefix}`);
    for (const prefix of added) logger.info({ prefix }, `announced ${prefix}`);
    if (withdrawn.length > 0 || added.length > 0) onAnnounced?.([...after]);
  }

  #logSilence(reasons: readonly string[]): void {
    const text = reasons.join('\n');
    if (text === this.#silence) return;
    this.#silence = text;
    for (const reason of reasons) this.#parts.logger.warn(`not announced: ${reason}`);
  }
}

/** The configured source addresses; where none is, the kernel's choice for the first backend of that family. */
function sourcesOf(config: NodeConfig, routes: ReadonlyMap<string, Route>): ForwardingTables['sources'] {
  const chosen = (isIpv6: boolean) =>
    [...routes].find(([address, { source }]) => address.includes(':') === isIpv6 && source !== undefined)?.[1].source;
  return { ipv4: config.node.address ?? chosen(false), ipv6: config.node.address6 ?? chosen(true) };
}

function addressOf({ prefix }: Announcement): string {
  return prefix.slice(0, prefix.lastIndexOf('/'));
}

function hasChanges(changes: AppliedChanges): boolean {
  return Object.values(changes).some((count) => count > 0);
}
