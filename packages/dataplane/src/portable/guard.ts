import type { Guard as GuardTables } from '../dataplane.js';
import { NetworkList, networkText } from './network-list.js';
import type { TellStep } from './tell-step.js';
import { secondOf } from './ticks.js';

const openDoor: GuardTables = { deny: [], allow: [], newFlowsPerSecond: 0, newFlowsPerSource: 0 };
/** Bits of a source whose new flows are counted together: a host in IPv4, a link in IPv6. */
const sourceBits = { 4: 32, 16: 64 } as const;

/** What a decision asks of the guard. */
export type Doorkeeper = Pick<Guard, 'denies' | 'admitsSource' | 'admitsFlow'>;

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
    const key = sourceKey(source);
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

  /** The same guard for a packet that it does not count. */
  asSeen(tell: TellStep): Doorkeeper {
    const { deny, newFlowsPerSource, newFlowsPerSecond } = this.#tables;
    const rate = (of: 'source' | 'node', limit: number, opened: number, nowTicks: number): boolean => {
      if (limit === 0) return true;
      const admitted = secondOf(nowTicks) !== this.#second || opened < limit;
      tell({ step: 'rate', of, admitted });
      return admitted;
    };
    return {
      denies: (source) => {
        const denied = this.denies(source);
        if (deny.length > 0) tell({ step: 'guard', denied });
        return denied;
      },
      admitsSource: (source, nowTicks) =>
        rate('source', newFlowsPerSource, this.#ofSource.get(sourceKey(source)) ?? 0, nowTicks),
      admitsFlow: (nowTicks) => rate('node', newFlowsPerSecond, this.#ofNode, nowTicks),
    };
  }

  #startSecond(nowTicks: number): void {
    const second = secondOf(nowTicks);
    if (second === this.#second) return;
    this.#second = second;
    this.#ofNode = 0;
    this.#ofSource.clear();
  }
}

function sourceKey(source: Uint8Array): string {
  return networkText(source, sourceBits[source.byteLength as 4 | 16]);
}
