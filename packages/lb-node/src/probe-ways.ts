import { isDeepStrictEqual } from 'node:util';
import type { NodeConfig } from '@weir/control';
import type { Logger } from '@weir/daemon';
import { type ForwardingTables, ProbePath } from '@weir/dataplane';
import { type ProbeWay, probeWays } from './health-probes.js';
import { ProbeMarks } from './probe-marks.js';

/** How often ways are stated again that have not changed: the kernel forgets routes when a link goes down. */
const RESTATE_MS = 10_000;

/**
 * Keeps the ways of probes open that a configuration needs. Where the kernel does not take them, there are none: the log
 * says so once, and probes go to the backends' own addresses.
 */
export class ProbeWays implements AsyncDisposable {
  readonly #interfaces: readonly string[];
  readonly #logger: Logger;
  readonly #marks = new ProbeMarks();
  #path: ProbePath | undefined;
  /** What was set last, if it was taken. */
  #inForce:
    | { readonly config: NodeConfig; readonly sources: ForwardingTables['sources']; readonly statedMs: number }
    | undefined;
  #refusal: string | undefined;

  /** @param interfaces  of the node */
  constructor(interfaces: readonly string[], logger: Logger) {
    this.#interfaces = interfaces;
    this.#logger = logger;
  }

  /** Resolves to whether {@link markOf} may answer otherwise than before. */
  async set(config: NodeConfig, sources: ForwardingTables['sources']): Promise<boolean> {
    const before = this.#inForce;
    const isSame = config === before?.config && isDeepStrictEqual(sources, before.sources);
    const statedMs = performance.now();
    if (isSame && statedMs - before.statedMs < RESTATE_MS) return false;
    try {
      await this.#open(probeWays(config), sources);
      this.#inForce = { config, sources, statedMs };
      this.#refusal = undefined;
      return !isSame;
    } catch (error) {
      this.#inForce = undefined;
      this.#complain((error as Error).message);
      return true;
    }
  }

  /** The mark that leads to a backend as traffic does; undefined: nothing does. */
  markOf(way: ProbeWay): number | undefined {
    return this.#inForce === undefined ? undefined : this.#marks.markOf(way);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#path?.[Symbol.asyncDispose]();
  }

  async #open(ways: readonly ProbeWay[], sources: ForwardingTables['sources']): Promise<void> {
    if (ways.length === 0 && this.#path === undefined) return;
    const routes = this.#marks.set(ways);
    this.#path ??= await ProbePath.open({ interfaces: this.#interfaces });
    await this.#path.set(routes, sources);
  }

  #complain(refusal: string): void {
    if (refusal === this.#refusal) return;
    this.#refusal = refusal;
    this.#logger.warn(
      { event: 'probe_path_refused', refusal },
      `probes go to the backends' own addresses and not the way of traffic: ${refusal}; a backend that does not take packets for its VIP is not noticed`,
    );
  }
}
