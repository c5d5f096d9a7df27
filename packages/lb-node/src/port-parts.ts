import { setTimeout as wait } from 'node:timers/promises';
import { allLocalPorts, type PortRange } from '@weir/dataplane';

/** How often is asked what is left. */
const ASK_EVERY_MS = 60_000;
/** And which life this is: until that is said, new flows take ports by chance. */
const ASK_LIFE_EVERY_MS = 1_000;
const PARTS = 4;
const PART_PORTS = (allLocalPorts.last + 1 - allLocalPorts.first) / PARTS;

/** What a life takes at first, and once no flow of former lives is left. */
interface Turn {
  readonly begins: PortRange;
  readonly widens: PortRange;
}

/**
 * Of the lives 0 to 3 modulo 4: none ever takes the part that the next one begins with. The other three parts are not always
 * one range, so a life takes the longest range of them; in this order of parts that one has its own part in it, and at least
 * half of all ports.
 */
const turns: readonly [Turn, Turn, Turn, Turn] = [
  { begins: parts(0), widens: parts(0, 1) },
  { begins: parts(2), widens: parts(0, 2) },
  { begins: parts(3), widens: parts(2, 3) },
  { begins: parts(1), widens: parts(1, 3) },
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
 * with a quarter of the ports, which the life before it has left alone. Once flows of former lives have ended it takes more,
 * a half to three quarters, and leaves alone what the next life begins with.
 *
 * The life before is the only one that is certain: one that crashes before flows of former lives have ended may be followed
 * by one that begins where those were.
 */
export class PortParts {
  readonly #options: PortPartsOptions;
  readonly #startedMs: number;
  #ports: PortRange;
  /** Undefined: nobody could say yet. */
  #turn: Turn | undefined;

  constructor(options: PortPartsOptions) {
    this.#options = options;
    this.#startedMs = options.now();
    const { random = Math.random } = options;
    this.#ports = turnOf(Math.floor(random() * PARTS)).begins;
  }

  /** Until {@link begin} has asked, and where nobody could say, a quarter by chance. */
  get localPorts(): PortRange {
    return this.#ports;
  }

  /** Asks which quarter it is; to be called before the first tables are in force, and settled then. */
  async begin(): Promise<void> {
    const life = await this.#options.lifeNumber();
    if (life === undefined) return;
    this.#turn = turnOf(life);
    this.#become(this.#turn.begins);
  }

  /** Goes on asking; resolves when no more ports are to come, or the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { wait = waitFor } = this.#options;
    while (!signal.aborted) {
      if (this.#turn === undefined) await this.begin();
      if (this.#turn !== undefined && (await this.#isAlone())) {
        this.#become(this.#turn.widens);
        return;
      }
      await wait(this.#turn === undefined ? ASK_LIFE_EVERY_MS : ASK_EVERY_MS, signal).catch(() => {});
    }
  }

  async #isAlone(): Promise<boolean> {
    const { now, settleMs, foreignFlowsLeft } = this.#options;
    return now() - this.#startedMs >= settleMs && (await foreignFlowsLeft()) === 0;
  }

  #become(ports: PortRange): void {
    if (ports === this.#ports) return;
    this.#ports = ports;
    this.#options.onChange();
  }
}

function turnOf(life: number): Turn {
  return turns[life % PARTS] as Turn;
}

/** A range of parts of the same size. */
function parts(first: number, last = first): PortRange {
  const { first: lowest } = allLocalPorts;
  return { first: lowest + first * PART_PORTS, last: lowest + (last + 1) * PART_PORTS - 1 };
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal });
}
