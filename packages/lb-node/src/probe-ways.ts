import { isDeepStrictEqual } from 'node:util';
import type { NodeConfig } from '@weir/control';
import type { Logger } from '@weir/daemon';
import { type ForwardingTables, ProbePath } from '@weir/dataplane';
import { type ProbeWay, probeWays } from './health-probes.js';
import { ProbeMarks } from './probe-marks.js';

/** What becomes of the path of probes is the same as long as these are. */
interface Wanted {
  readonly ways: readonly ProbeWay[];
  readonly sources: ForwardingTables['sources'];
}

/**
 * Keeps the ways of probes open that a configuration needs. Where the kernel does not take them, there are none: the log
 * says so once, and probes go to the backends' own addresses.
 */
export class ProbeWays implements AsyncDisposable {
  readonly #interfaces: readonly string[];
  readonly #logger: Logger;
  readonly #marks = new ProbeMarks();
  #path: ProbePath | undefined;
  #wanted: Wanted | undefined;
  #areOpen = false;
  #refusal: string | undefined;

  /** @param interfaces  of the node */
  constructor(interfaces: readonly string[], logger: Logger) {
    this.#interfaces = interfaces;
    this.#logger = logger;
  }

  async set(config: NodeConfig, sources: ForwardingTables['sources']): Promise<void> {
    const wanted = { ways: probeWays(config), sources };
    if (isDeepStrictEqual(wanted, this.#wanted) || (wanted.ways.length === 0 && this.#path === undefined)) return;
    try {
      const routes = this.#marks.set(wanted.ways);
      this.#path ??= await ProbePath.open({ interfaces: this.#interfaces });
      await this.#path.set(routes, sources);
      this.#wanted = wanted;
      this.#areOpen = true;
      this.#refusal = undefined;
    } catch (error) {
      this.#wanted = undefined;
      this.#areOpen = false;
      this.#complain((error as Error).message);
    }
  }

  /** The mark that leads to a backend as traffic does; undefined: nothing does. */
  markOf(way: ProbeWay): number | undefined {
    return this.#areOpen ? this.#marks.markOf(way) : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#path?.[Symbol.asyncDispose]();
  }

  #complain(refusal: string): void {
    if (refusal === this.#refusal) return;
    this.#refusal = refusal;
    this.#logger.warn(
      { refusal },
      `probes go to the backends' own addresses and not the way of traffic: ${refusal}; a backend that does not take packets for its VIP is not noticed`,
    );
  }
}
