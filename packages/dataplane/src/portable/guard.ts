import type { Guard as GuardTables } from '../dataplane.js';
import { NetworkList, networkText } from './network-list.js';
import { secondOf } from './ticks.js';

const openDoor: GuardTables = { deny: [], allow: [], newFlowsPerSecond: 0, newFlowsPerSource: 0 };
/** Bits of a source whose new flows are counted together: a host in IPv4, a link in IPv6. */
const sourceBits = { 4: 32, 16: 64 } as const;

/** Keeps out unwanted sources, and counts how many new flows a second a source, and the node, have opened. */
export class Guard {
  #tables = openDoor;
  #networks = new NetworkList(openDoor);
  #second = 0;
  #ofNode = 0;
  readonly #ofSource = new Map<string, number>();

  configure(tables: GuardTables = openDoor): void {
    this.#tables = tables;
    this.#networks = new NetworkList(tables);
  }

  denies(source: Uint8Array): boolean {
    return this.#networks.verdictOn(source) === 'deny';
  }

  /** Counts one new flow of a source; false: it had all of this second's. */
  admitsSource(source: Uint8Array, nowTicks: number): boolean {
    const limit = this.#tables.newFlowsPerSource;
    if (limit === 0) return true;
    this.#startSecond(nowTicks);
    const key = networkText(source, sourceBits[source.byteLength as 4 | 16]);
    const opened = this.#ofSource.get(key) ?? 0;
    if (opened >= limit) return false;
    this.#ofSource.set(key, opened + 1);
    return true;
  }

  /** Counts one new flow of this node; false: it had all of this second's. */
  admitsFlow(nowTicks: number): boolean {
    const limit = this.#tables.newFlowsPerSecond;
    if (limit === 0) return true;
    this.#startSecond(nowTicks);
    if (this.#ofNode >= limit) return false;
    this.#ofNode++;
    return true;
  }

  #startSecond(nowTicks: number): void {
    const second = secondOf(nowTicks);
    if (second === this.#second) return;
    this.#second = second;
    this.#ofNode = 0;
    this.#ofSource.clear();
  }
}
