import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { ProbeResult } from './attempt.js';
import type { HealthCheck, ProbeTarget } from './health-check.js';
import { probe } from './probe.js';
import { ProbeQueue } from './probe-queue.js';
import { ProbeWheel } from './probe-wheel.js';
import {
  type Damping,
  initialVerdict,
  isChanging,
  isHeld,
  nextVerdict,
  type Verdict,
  type VerdictState,
} from './verdict.js';

/** A backend that is to be checked, and how. */
export interface CheckedBackend {
  readonly id: string;
  readonly target: ProbeTarget;
  readonly check: HealthCheck;
  readonly damping?: Damping;
  /** What holds until answers say otherwise, where the monitor does not know the backend yet. */
  readonly initially: Verdict;
}

/** A verdict that changed. */
export interface HealthChange {
  readonly id: string;
  readonly verdict: Verdict;
  /** As the probe saw it: `connection refused`, `status 503, expected 200-399`, `no answer within 1000 ms`. */
  readonly reason: string;
  /** True: it changed too often, and stays down for a while however well it answers. */
  readonly held?: boolean;
}

/** What is known of a backend. */
export interface BackendHealth {
  readonly id: string;
  readonly verdict: Verdict;
  /** What led to the verdict; `not probed yet` before anything did. */
  readonly reason: string;
  /** Since when the verdict holds; ms since 1970. */
  readonly sinceMs: number;
  readonly isHeld: boolean;
  /** Answers in a row against the verdict, too few yet to change it. */
  readonly contrary: number;
  /** Absent: not probed yet. */
  readonly last?: ProbeResult;
  /** Probes so far that found it well, and that did not. */
  readonly goodProbes: number;
  readonly badProbes: number;
  /** Times that the verdict has become another. */
  readonly changes: number;
}

export interface HealthMonitorOptions {
  /** Learns the changes of one turn of the event loop together. */
  readonly onChange: (changes: readonly HealthChange[]) => void;
  /** Learns each result, for metrics. */
  readonly onProbe?: (id: string, result: ProbeResult) => void;
  /** Probes under way at once; more wait. */
  readonly probesMax?: number;
  /** Of these, scripts, each of which is a process. */
  readonly scriptsMax?: number;
  readonly now?: () => number;
  readonly random?: () => number;
}

interface Checked {
  readonly backend: CheckedBackend;
  readonly stop: AbortController;
  state: VerdictState;
  last?: ProbeResult;
  goodProbes: number;
  badProbes: number;
  changes: number;
}

const PROBES_MAX = 4000;
const SCRIPTS_MAX = 16;
/** How much earlier than its interval a probe may begin, and how much later. */
const JITTER = 0.1;

/**
 * The checks of all backends. {@link set} says which there should be, and the difference is found. Probes spread over time
 * by themselves: there is never a burst of all at once.
 */
export class HealthMonitor implements AsyncDisposable {
  readonly #options: HealthMonitorOptions;
  readonly #now: () => number;
  readonly #checked = new Map<string, Checked>();
  readonly #wheel: ProbeWheel<Checked>;
  readonly #probes: ProbeQueue;
  readonly #scripts: ProbeQueue;
  #changes: HealthChange[] = [];

  constructor(options: HealthMonitorOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#probes = new ProbeQueue(options.probesMax ?? PROBES_MAX);
    this.#scripts = new ProbeQueue(options.scriptsMax ?? SCRIPTS_MAX);
    this.#wheel = new ProbeWheel({
      begin: (checked) => this.#begin(checked),
      now: this.#now,
      random: options.random ?? Math.random,
    });
  }

  /**
   * Says which backends there should be. What stays the same goes on undisturbed. A backend whose check changed keeps its
   * verdict; one whose address or port changed is another backend, and begins as it says by `initially`.
   */
  set(backends: readonly CheckedBackend[]): void {
    const wanted = new Map(backends.map((backend) => [backend.id, backend]));
    for (const [id, checked] of this.#checked) if (!wanted.has(id)) this.#remove(checked);
    for (const backend of wanted.values()) this.#setOne(backend);
  }

  /** What is thought of a backend; undefined of one that is not checked. */
  verdict(id: string): Pick<BackendHealth, 'verdict' | 'reason' | 'sinceMs'> | undefined {
    return this.status(id);
  }

  /** What is known of a backend; undefined of one that is not checked. */
  status(id: string): BackendHealth | undefined {
    const checked = this.#checked.get(id);
    return checked && this.#healthOf(checked);
  }

  /** What is known of each backend, in the order in which they were set first. */
  *statuses(): Iterable<BackendHealth> {
    for (const checked of this.#checked.values()) yield this.#healthOf(checked);
  }

  /** Probes a backend at once, out of turn; its verdict stays what it is. Undefined of one that is not checked. */
  async probeOnce(id: string): Promise<ProbeResult | undefined> {
    const checked = this.#checked.get(id);
    return checked && this.#probe(checked);
  }

  /** Ends all probes under way. No change is told after it began. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const checked of this.#checked.values()) this.#remove(checked);
    this.#wheel[Symbol.dispose]();
    this.#changes = [];
    await nextTurn();
  }

  #setOne(backend: CheckedBackend): void {
    const former = this.#checked.get(backend.id);
    if (former !== undefined && isSameCheck(former.backend, backend)) return;
    if (former !== undefined) this.#remove(former);
    const { check, initially } = backend;
    const isSameBackend = former !== undefined && isSamePlace(former.backend.target, backend.target);
    const checked: Checked = {
      goodProbes: 0,
      badProbes: 0,
      changes: 0,
      ...(isSameBackend ? former : {}),
      backend,
      stop: new AbortController(),
      state: isSameBackend ? { ...former.state, contrary: 0 } : initialVerdict(initially, this.#now()),
    };
    this.#checked.set(backend.id, checked);
    this.#wheel.add(checked, 0, check.fastIntervalMs);
  }

  #remove(checked: Checked): void {
    this.#checked.delete(checked.backend.id);
    this.#wheel.delete(checked);
    checked.stop.abort();
  }

  #begin(checked: Checked): void {
    const queue = checked.backend.check.probe.kind === 'script' ? this.#scripts : this.#probes;
    queue.run(async () => {
      if (checked.stop.signal.aborted) return;
      const begunMs = this.#now();
      const result = await this.#probe(checked);
      if (!checked.stop.signal.aborted) this.#learn(checked, result, this.#now() - begunMs);
    });
  }

  #probe({ backend: { check, target }, stop }: Checked): Promise<ProbeResult> {
    return probe(check.probe, target, check.timeoutMs, stop.signal);
  }

  #learn(checked: Checked, result: ProbeResult, tookMs: number): void {
    const { check, damping, id } = checked.backend;
    const nowMs = this.#now();
    const former = checked.state;
    checked.state = nextVerdict(former, result, nowMs, { rise: check.rise, fall: check.fall, damping });
    checked.last = result;
    if (result.isWell) checked.goodProbes++;
    else checked.badProbes++;
    this.#options.onProbe?.(id, result);
    if (checked.state.verdict !== former.verdict) {
      checked.changes++;
      this.#tell(id, checked.state);
    }
    // Intervals count from the begin of a probe, so that one that takes long is not also followed late.
    const intervalMs = isChanging(checked.state, nowMs) ? check.fastIntervalMs : check.intervalMs;
    const fromMs = Math.max(0, intervalMs * (1 - JITTER) - tookMs);
    this.#wheel.add(checked, fromMs, Math.max(fromMs, intervalMs * (1 + JITTER) - tookMs));
  }

  #tell(id: string, { verdict, reason, heldUntilMs }: VerdictState): void {
    if (this.#changes.length === 0) setImmediate(() => this.#tellAll());
    this.#changes.push({ id, verdict, reason, ...(heldUntilMs === undefined ? {} : { held: true }) });
  }

  #tellAll(): void {
    const changes = this.#changes.filter(({ id }) => this.#checked.has(id));
    this.#changes = [];
    if (changes.length > 0) this.#options.onChange(changes);
  }

  #healthOf({ backend, state, last, goodProbes, badProbes, changes }: Checked): BackendHealth {
    const nowMs = this.#now();
    const { verdict, reason, contrary } = state;
    const sinceMs = Date.now() - (nowMs - state.sinceMs);
    const { id } = backend;
    const held = isHeld(state, nowMs);
    // Written out: of ten thousand backends, to put objects together takes several times as long.
    return last === undefined
      ? { id, verdict, reason, sinceMs, isHeld: held, contrary, goodProbes, badProbes, changes }
      : { id, verdict, reason, sinceMs, isHeld: held, contrary, goodProbes, badProbes, changes, last };
  }
}

function isSameCheck(one: CheckedBackend, other: CheckedBackend): boolean {
  return (
    isDeepStrictEqual(one.check, other.check) &&
    isDeepStrictEqual(one.target, other.target) &&
    isDeepStrictEqual(one.damping, other.damping)
  );
}

function isSamePlace(one: ProbeTarget, other: ProbeTarget): boolean {
  return one.address === other.address && one.port === other.port;
}
