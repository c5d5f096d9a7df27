import type { HealthCheck } from './health-check.js';

/** Whether a backend gets traffic. */
export type Verdict = 'up' | 'down';

/** A backend that changes too often is held down, as BGP holds down routes that flap (RFC 2439). */
export interface Damping {
  /** Changes from up to down that are borne within {@link withinMs}; one more, and the backend is held down. */
  readonly changes: number;
  readonly withinMs: number;
  /** How long it stays down then, however well it answers. */
  readonly holdMs: number;
}

/** By what rules answers become verdicts. */
export interface VerdictRules extends Pick<HealthCheck, 'rise' | 'fall'> {
  readonly damping?: Damping | undefined;
}

/** What is thought of a backend, and what may change it. Times in ms of one clock that never jumps. */
export interface VerdictState {
  readonly verdict: Verdict;
  /** As the probe saw it that led to the verdict. */
  readonly reason: string;
  readonly sinceMs: number;
  /** Answers in a row against the verdict; at most as many as would change it. */
  readonly contrary: number;
  /** When it went from up to down, oldest first; only those that damping still counts. */
  readonly fellMs: readonly number[];
  /** Present: held down until then. */
  readonly heldUntilMs?: number;
}

/** What a probe answered. */
export interface Answer {
  readonly isWell: boolean;
  readonly reason: string;
}

/** What is thought of a backend before its first answer. */
export function initialVerdict(verdict: Verdict, nowMs: number): VerdictState {
  return { verdict, reason: 'not probed yet', sinceMs: nowMs, contrary: 0, fellMs: [] };
}

/** What is thought after an answer. The verdict changed if it differs from the former one. */
export function nextVerdict(state: VerdictState, answer: Answer, nowMs: number, rules: VerdictRules): VerdictState {
  const current = isHeld(state, nowMs) ? state : released(state);
  if (answer.isWell === (current.verdict === 'up')) return { ...current, contrary: 0 };
  const needed = answer.isWell ? rules.rise : rules.fall;
  const contrary = Math.min(current.contrary + 1, needed);
  if (contrary < needed || isHeld(current, nowMs)) return { ...current, contrary };
  return answer.isWell ? risen(current, answer, nowMs) : fallen(current, answer, nowMs, rules.damping);
}

/** True while too many changes keep a backend down. */
export function isHeld({ heldUntilMs }: VerdictState, nowMs: number): boolean {
  return heldUntilMs !== undefined && nowMs < heldUntilMs;
}

/** True while the next answers may change the verdict, so that they should come soon. */
export function isChanging(state: VerdictState, nowMs: number): boolean {
  return state.contrary > 0 && !isHeld(state, nowMs);
}

function risen(state: VerdictState, { reason }: Answer, nowMs: number): VerdictState {
  return { ...state, verdict: 'up', reason, sinceMs: nowMs, contrary: 0 };
}

function fallen(state: VerdictState, { reason }: Answer, nowMs: number, damping?: Damping): VerdictState {
  const down = { ...state, verdict: 'down', reason, sinceMs: nowMs, contrary: 0 } as const;
  if (damping === undefined) return down;
  const fellMs = [...state.fellMs.filter((ms) => ms > nowMs - damping.withinMs), nowMs];
  if (fellMs.length <= damping.changes) return { ...down, fellMs };
  const told = `went down ${fellMs.length} times within ${damping.withinMs} ms, held down for ${damping.holdMs} ms`;
  // What led to the hold is paid for by it: after it, changes are counted anew.
  return { ...down, reason: `${reason}; ${told}`, fellMs: [], heldUntilMs: nowMs + damping.holdMs };
}

function released({ heldUntilMs: _, ...state }: VerdictState): VerdictState {
  return state;
}
