import { setTimeout as wait } from 'node:timers/promises';
import { allLocalPorts, type PortRange } from '@weir/dataplane';

/** How often is asked what could not be said, and what is left. */
const ASK_EVERY_MS = 60_000;
const MIDDLE = (allLocalPorts.first + allLocalPorts.last + 1) / 2;
/** What lives with an even and an odd number take. */
const halves: readonly [even: PortRange, odd: PortRange] = [
  { first: allLocalPorts.first, last: MIDDLE - 1 },
  { first: MIDDLE, last: allLocalPorts.last },
];

/** What {@link PortParts} asks. */
export interface PortPartsQuestions {
  /**
   * Number of this life of the node, one more than that of the life before: a life lasts as long as its flow table.
   * However often it is asked, also after an answer that got lost, a life is counted once. Undefined: the store is not
   * reachable.
   */
  readonly lifeNumber: () => Promise<number | undefined>;
  /** Flows with local addresses of this node that other nodes serve. Undefined: nobody can say. */
  readonly foreignFlowsLeft: () => Promise<number | undefined>;
}

export interface PortPartsOptions extends PortPartsQuestions {
  /**
   * For how long after the start flows of the former life may yet be taken over: no answer before then means that none
   * is left. 0 where the flow table of this node was taken over.
   */
  readonly settleMs: number;
  /** The ports are others from now on. */
  readonly onChange: () => void;
  /** In ms, of a clock that is never set back. */
  readonly now: () => number;
  /** 0 to 1. Default Math.random. */
  readonly random?: () => number;
  /** Rejects when the signal is aborted. Default: that of node:timers/promises. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Which local ports new flows of fullnat take. A node that comes back with an empty flow table does not know which ports
 * the flows have that it served before, and that other nodes serve now with its addresses. So each life of a node begins
 * with the half of the ports that the life before it did not use, and has all of them once those flows have ended.
 */
export class PortParts {
  readonly #options: PortPartsOptions;
  readonly #startedMs: number;
  #ports: PortRange | undefined;
  #isCounted = false;

  constructor(options: PortPartsOptions) {
    this.#options = options;
    this.#startedMs = options.now();
    const { random = Math.random } = options;
    this.#ports = random() < 0.5 ? halves[0] : halves[1];
  }

  /** Undefined: all. Until {@link begin} has asked, and where nobody could say, a half by chance. */
  get localPorts(): PortRange | undefined {
    return this.#ports;
  }

  /** Asks which half it is; to be called before the first tables are in force, and settled then. */
  async begin(): Promise<void> {
    const life = await this.#options.lifeNumber();
    if (life === undefined) return;
    this.#isCounted = true;
    this.#become(life % 2 === 0 ? halves[0] : halves[1]);
  }

  /** Goes on asking; resolves when all ports may be used, or the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { wait = waitFor } = this.#options;
    while (!signal.aborted) {
      if (!this.#isCounted) await this.begin();
      if (await this.#isAlone()) {
        this.#become(undefined);
        return;
      }
      await wait(ASK_EVERY_MS, signal).catch(() => {});
    }
  }

  async #isAlone(): Promise<boolean> {
    const { now, settleMs, foreignFlowsLeft } = this.#options;
    return this.#isCounted && now() - this.#startedMs >= settleMs && (await foreignFlowsLeft()) === 0;
  }

  #become(ports: PortRange | undefined): void {
    if (ports === this.#ports) return;
    this.#ports = ports;
    this.#options.onChange();
  }
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal });
}
