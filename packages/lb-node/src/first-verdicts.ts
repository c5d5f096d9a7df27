import type { CheckedBackend, Verdict } from '@weir/health';

/** However slow checks are, a node begins after so long. */
const LONGEST_MS = 5_000;

/**
 * The time until backends that a node finds at its start are known to be up or down: a good probe says that one is up, as
 * many bad ones as `fall` that it is down.
 */
export class FirstVerdicts {
  readonly reached: Promise<void>;
  readonly #reach: () => void;
  #open: Set<string> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    const { promise, resolve } = withResolvers();
    this.reached = promise;
    this.#reach = resolve;
  }

  /** Says whose verdicts count. It ends after the time that the slowest of them needs, if each answer comes at the last moment. */
  expect(backends: readonly Pick<CheckedBackend, 'id' | 'check'>[]): void {
    this.#open = new Set(backends.map(({ id }) => id));
    const needs = backends.map(({ check }) => check.fall * (check.fastIntervalMs + check.timeoutMs));
    this.#timer = setTimeout(this.#reach, Math.min(LONGEST_MS, Math.max(0, ...needs)));
    this.#endIfAll();
  }

  /** What a probe found, and what is thought of the backend after it. */
  learn(id: string, isWell: boolean, verdict: Verdict | undefined): void {
    if (isWell || verdict === 'down') this.#open?.delete(id);
    this.#endIfAll();
  }

  giveUp(): void {
    clearTimeout(this.#timer);
    this.#reach();
  }

  #endIfAll(): void {
    if (this.#open?.size === 0) this.giveUp();
  }
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
