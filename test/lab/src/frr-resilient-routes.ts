import type { FrrRouter } from './frr-router.js';
import type { LabProcess } from './lab-process.js';

/** A table beside the main one, asked first: zebra would take a better route in its own table for somebody else's. */
const TABLE = '7150';
const RULE_PREFERENCE = '100';
/** zebra goes on counting from the highest number that it sees in the kernel: numbers are taken from here down. */
const NUMBERS = 1000;
const FAMILIES = ['-4', '-6'];
const BUCKETS = 256;
/** A bucket that saw no packet this long may move when a next hop comes. */
const IDLE_SECONDS = 120;

interface Hop {
  readonly gateway: string;
  readonly dev: string;
}

/**
 * Resilient next-hop groups for the routes of a router, as switches have them: when a next hop goes, only its flows move,
 * and one that comes gets flows that are new. FRR 8.4 has no way to ask for such groups for routes of BGP, so what it puts into
 * the kernel's main table is followed, and mirrored into a table that is asked first.
 *
 * @see ip-nexthop(8), "type resilient"
 */
export class ResilientRoutes implements AsyncDisposable {
  readonly #router: FrrRouter;
  readonly #prefixes: readonly string[];
  readonly #monitor: LabProcess;
  readonly #highestId: number;
  readonly #ids = new Map<string, number>();
  /** By prefix: its next hops in force. */
  readonly #inForce = new Map<string, string>();
  #updating: Promise<void> = Promise.resolve();

  private constructor(router: FrrRouter, prefixes: readonly string[], monitor: LabProcess, usedId: number) {
    this.#router = router;
    this.#prefixes = prefixes;
    this.#monitor = monitor;
    this.#highestId = usedId + NUMBERS;
  }

  /**
   * Follows the routes to these prefixes until disposed; those that are there are in force when it resolves.
   * @param prefixes  in CIDR notation
   */
  static async follow(router: FrrRouter, prefixes: readonly string[]): Promise<ResilientRoutes> {
    for (const family of FAMILIES) {
      await router.host.output('ip', [family, 'rule', 'add', 'pref', RULE_PREFERENCE, 'lookup', TABLE]);
    }
    const monitor = router.host.spawn('ip', ['monitor', 'route'], { name: 'ip-monitor' });
    const used = JSON.parse(await router.host.output('ip', ['-json', 'nexthop'])) as { readonly id: number }[];
    const usedId = Math.max(0, ...used.map(({ id }) => id));
    const routes = new ResilientRoutes(router, prefixes, monitor, usedId);
    monitor.on('line', () => routes.#update());
    routes.#update();
    await routes.#updating;
    return routes;
  }

  /** Back to what FRR says. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#monitor.stop();
    await this.#updating;
    for (const family of FAMILIES)
      await this.#router.host.output('ip', [family, 'rule', 'del', 'pref', RULE_PREFERENCE]);
    // A group was made after its hops; routes go with their group.
    const ids = [...this.#ids.values()].toReversed();
    for (const id of ids) await this.#router.host.output('ip', ['nexthop', 'del', 'id', String(id)]);
  }

  /** One after the other; what fails here fails the test that waits for its routes. */
  #update(): void {
    this.#updating = this.#updating.then(async () => {
      for (const prefix of this.#prefixes) await this.#mirror(prefix);
    });
    this.#updating.catch(() => {});
  }

  async #mirror(prefix: string): Promise<void> {
    const hops = await this.#hopsTo(prefix);
    const wanted = hops.map(({ gateway }) => gateway).join(' ');
    if (wanted === (this.#inForce.get(prefix) ?? '')) return;
    this.#inForce.set(prefix, wanted);
    if (hops.length === 0) {
      await this.#ip(prefix, 'route', 'del', prefix, 'table', TABLE);
      return;
    }
    for (const { gateway, dev } of hops) {
      await this.#ip(prefix, 'nexthop', 'replace', 'id', this.#idOf(gateway), 'via', gateway, 'dev', dev);
    }
    const group = hops.map(({ gateway }) => this.#idOf(gateway)).join('/');
    const kind = ['type', 'resilient', 'buckets', String(BUCKETS), 'idle_timer', String(IDLE_SECONDS)];
    // A group has no family of its own.
    await this.#router.host.output('ip', ['nexthop', 'replace', 'id', this.#idOf(prefix), 'group', group, ...kind]);
    await this.#ip(prefix, 'route', 'replace', prefix, 'nhid', this.#idOf(prefix), 'table', TABLE);
  }

  async #hopsTo(prefix: string): Promise<readonly Hop[]> {
    const answer = await this.#ip(prefix, '-json', 'route', 'show', 'exact', prefix, 'proto', 'bgp');
    const routes = JSON.parse(answer || '[]') as (Partial<Hop> & { readonly nexthops?: readonly Hop[] })[];
    const hops = routes.flatMap(({ nexthops, gateway, dev }) => nexthops ?? [{ gateway, dev } as Hop]);
    return hops.toSorted((a, b) => (a.gateway < b.gateway ? -1 : 1));
  }

  #ip(prefix: string, ...args: readonly string[]): Promise<string> {
    return this.#router.host.output('ip', [prefix.includes(':') ? '-6' : '-4', ...args]);
  }

  /** A number for a next hop or a group, the same each time. */
  #idOf(name: string): string {
    const id = this.#ids.get(name) ?? this.#highestId - this.#ids.size;
    this.#ids.set(name, id);
    return String(id);
  }
}
