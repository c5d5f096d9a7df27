import type { Announcement } from '@weir/bgp-speaker';
import type { NodeConfig } from '@weir/control';
import type { Logger } from '@weir/daemon';
import type { AnnounceOverrides } from './announce-overrides.js';
import { explainSilence, planAnnouncements } from './announcements.js';
import { type Departure, nextDeparture } from './departure.js';
import type { NodeSpeaker } from './node-speaker.js';
import type { OwnNetwork } from './own-networks.js';
import { explainUnannouncedPools, planPoolAnnouncements } from './pool-announcements.js';

/** What announcing needs. */
export interface AnnouncerParts {
  /** Absent where the configuration has neither `bgp` nor `vrrp`. */
  readonly speaker: Pick<NodeSpeaker, 'expect' | 'set'> | undefined;
  readonly logger: Logger;
  /** In ms, of a clock that is never set back. */
  readonly now: () => number;
  /** What operators want of single VIPs; asked at each pass. */
  readonly overrides?: (() => AnnounceOverrides) | undefined;
  /** Addresses of nodes that are gone although the kernel may not know yet; asked at each pass. */
  readonly absentNodes?: (() => ReadonlySet<string>) | undefined;
  /** Called with all prefixes that are announced, whenever they become others. */
  readonly onAnnounced?: ((prefixes: readonly string[]) => void) | undefined;
}

/** What was announced, and when time alone makes another pass worthwhile; undefined: never. */
export interface Announced {
  readonly vips: readonly Announcement[];
  readonly againInMs: number | undefined;
}

/** Tells the speaker of VIPs and local addresses, and the log what changed and why something is missing. */
export class Announcer {
  readonly #parts: AnnouncerParts;
  /** VIPs and local addresses. */
  #announced: readonly Announcement[] = [];
  /** Prefixes of local addresses. */
  #pools: ReadonlySet<string> = new Set();
  #silence: ReadonlySet<string> = new Set();
  #departure: Departure = { kind: 'staying' };
  #leaves = false;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
  }

  /** Withdraws what this configuration has no more: before it stops working, not after. */
  async withdrawUnwanted(vips: ReadonlySet<string>, pools: readonly Announcement[]): Promise<void> {
    const wanted = new Set([...vips, ...pools.map(addressOf)]);
    const kept = this.#announced.filter((announcement) => wanted.has(addressOf(announcement)));
    // Of a gobgpd that was taken over nothing is known yet: an empty list would withdraw all that it announces.
    if (kept.length < this.#announced.length) await this.#tell(kept);
    await this.#parts.speaker?.expect?.(vips);
  }

  /**
   * Announces what this node can serve, and what it should.
   * @param reachable  backends
   */
  async announce(
    config: NodeConfig,
    reachable: ReadonlySet<string>,
    networks: readonly OwnNetwork[],
  ): Promise<Announced> {
    this.#depart(config);
    const readiness = {
      attached: true,
      reachable,
      departure: this.#departure,
      overrides: this.#parts.overrides?.() ?? new Map(),
      absentNodes: this.#parts.absentNodes?.() ?? new Set<string>(),
    };
    const vips = planAnnouncements(config, readiness);
    const pools = planPoolAnnouncements(config, networks);
    this.#pools = new Set(pools.map(({ prefix }) => prefix));
    await this.#tell([...vips, ...pools]);
    if (this.#parts.speaker !== undefined) {
      this.#explain([...explainSilence(config, readiness), ...explainUnannouncedPools(config, networks)]);
    }
    return { vips, againInMs: this.markedMs };
  }

  /** Why VIPs and local addresses are not announced, or serve less than they should: see explainSilence(). */
  get silence(): readonly string[] {
    return [...this.#silence];
  }

  /** Prefixes of VIPs that are announced now. */
  get announcedVips(): readonly string[] {
    return this.#announced.map(({ prefix }) => prefix).filter((prefix) => !this.#pools.has(prefix));
  }

  /** The node leaves from the next {@link announce} on, whatever its configuration wants. */
  leave(): void {
    this.#leaves = true;
  }

  /** How long routes are to stay marked yet; undefined: they are not. */
  get markedMs(): number | undefined {
    if (this.#departure.kind !== 'marked') return undefined;
    return Math.max(0, Math.ceil(this.#departure.untilMs - this.#parts.now()));
  }

  /** The next {@link announce} of a node that leaves withdraws its VIPs, marked long enough or not. */
  endMarking(): void {
    this.#departure = { kind: 'withdrawn' };
  }

  /** Withdraws all VIPs until the next {@link announce}. Local addresses stay: answers of backends still have to come back. */
  async withdrawVips(): Promise<void> {
    await this.#tell(this.#announced.filter(({ prefix }) => this.#pools.has(prefix)));
  }

  /** Withdraws VIPs and local addresses until the next {@link announce}. */
  async withdrawAll(): Promise<void> {
    await this.#tell([]);
  }

  #depart({ node, bgp }: NodeConfig): void {
    const before = this.#departure.kind;
    this.#departure = nextDeparture(this.#departure, {
      leaves: this.#leaves || node.wantedState === 'draining',
      announces: this.#announced.some(({ prefix }) => !this.#pools.has(prefix)),
      nowMs: this.#parts.now(),
      gracefulShutdownMs: bgp?.gracefulShutdownMs ?? 0,
    });
    if (this.#departure.kind === before) return;
    const { logger } = this.#parts;
    if (this.#departure.kind === 'marked') {
      const inMs = this.markedMs;
      logger.info(
        { event: 'graceful_shutdown', inMs },
        'routes are marked with GRACEFUL_SHUTDOWN, and withdrawn after that time',
      );
    } else if (this.#departure.kind === 'staying') {
      logger.info({ event: 'node_active' }, 'the node is active again');
    }
  }

  async #tell(announcements: readonly Announcement[]): Promise<void> {
    const { speaker, logger, onAnnounced } = this.#parts;
    if (speaker === undefined) return;
    const before = new Set(this.#announced.map(({ prefix }) => prefix));
    const after = new Set(announcements.map(({ prefix }) => prefix));
    await speaker.set(announcements);
    this.#announced = announcements;
    const withdrawn = [...before].filter((prefix) => !after.has(prefix));
    const added = [...after].filter((prefix) => !before.has(prefix));
    for (const prefix of withdrawn) logger.warn({ event: 'prefix_withdrawn', prefix }, `withdrew ${prefix}`);
    for (const prefix of added) logger.info({ event: 'prefix_announced', prefix }, `announced ${prefix}`);
    if (withdrawn.length > 0 || added.length > 0) onAnnounced?.([...after]);
  }

  /** Each reason is said when it comes, not again while it lasts. */
  #explain(reasons: readonly string[]): void {
    for (const reason of reasons) {
      if (!this.#silence.has(reason))
        this.#parts.logger.warn({ event: 'prefix_not_announced', reason }, `not announced: ${reason}`);
    }
    this.#silence = new Set(reasons);
  }
}

function addressOf({ prefix }: Announcement): string {
  return prefix.slice(0, prefix.lastIndexOf('/'));
}
