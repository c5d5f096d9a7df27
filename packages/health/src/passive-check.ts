import {
  type AttemptCount,
  type AttemptSamples,
  attemptsWithin,
  SYN_AGAIN_MS,
  windowBeganMs,
  withSample,
} from './attempt-window.js';

/**
 * For so long one has to fail while others do well: what all suffer from does not show at all of them in the same second. This
 * is the time until SYNs come again, and the next look, which may come a little sooner than it should.
 */
const HELD_BACK_MS = SYN_AGAIN_MS * 1.5;

/** When a backend is taken out because the connections of clients fail there. Times in ms; shares from 0 to 1. */
export interface PassiveCheck {
  /** Connections within {@link withinMs} from which on their share of failures counts. */
  readonly attempts: number;
  /** So large a share of them has to fail. */
  readonly failures: number;
  readonly withinMs: number;
  /** For how long it is out the first time; twice, three times as long when it fails again soon after. */
  readonly ejectForMs: number;
  readonly maxEjectForMs: number;
  /** Of the backends of a service; one at least may be out. */
  readonly maxEjected: number;
}

/** A backend that takes new connections, by all that its service says of it. */
export interface WatchedBackend {
  readonly id: string;
  /** Since the data plane has it. */
  readonly count: AttemptCount;
  /** By its probes; true where it has none. */
  readonly isHealthy: boolean;
}

/** Whether connections of clients go there, and what may change that. */
export type Watched =
  | {
      readonly kind: 'in';
      readonly samples: AttemptSamples;
      /** How often in a row it was out, and for how long last. */
      readonly ejections: number;
      readonly lastOutMs: number;
      readonly sinceMs: number;
      /** Since when it fails while others do clearly better; undefined: that is not so. */
      readonly worseSinceMs: number | undefined;
    }
  | {
      readonly kind: 'out';
      /** As clients saw it: `17 of 20 connections in 10 s were not answered (SYN sent again)`. */
      readonly reason: string;
      readonly ejections: number;
      readonly sinceMs: number;
      readonly untilMs: number;
      /** Probes found it down meanwhile: when they find it up, it comes back at once. */
      readonly wasDown: boolean;
    };

type WatchedIn = Watched & { readonly kind: 'in' };

/** What is known of the backends of one service, by id. */
export type WatchedService = ReadonlyMap<string, Watched>;

/**
 * What is thought of the backends of a service after a look at their counts; to be called about once a second.
 *
 * Failures are held against a backend only while others of the service do clearly better, for {@link HELD_BACK_MS}: what all suffer
 * from, such as a network that is down or a flood of SYNs that each come twice, is not their fault, and leaving some out helps
 * nobody.
 */
export function nextWatched(
  former: WatchedService,
  backends: readonly WatchedBackend[],
  nowMs: number,
  check: PassiveCheck,
): WatchedService {
  const looked = new Map(backends.map((backend) => [backend.id, look(former.get(backend.id), backend, nowMs, check)]));
  const serving = backends.flatMap(({ id, isHealthy }) => {
    const state = looked.get(id);
    return state?.kind === 'in' && isHealthy ? [{ id, state, failure: failureOf(state, check) }] : [];
  });
  const others = serving.flatMap(({ state, failure }) => (failure === undefined ? [state] : []));
  const due = serving.flatMap(({ id, state, failure }) => {
    const isWorse = failure !== undefined && doClearlyBetter(others, state, check);
    const worseSinceMs = isWorse ? (state.worseSinceMs ?? nowMs) : undefined;
    looked.set(id, { ...state, worseSinceMs });
    const isDue = worseSinceMs !== undefined && nowMs - worseSinceMs >= HELD_BACK_MS;
    return isWorse && isDue ? [{ id, state, ...failure }] : [];
  });
  const out = [...looked.values()].filter(({ kind }) => kind === 'out').length;
  const room = Math.max(0, Math.max(1, Math.floor(check.maxEjected * backends.length)) - out);
  const worst = due.toSorted((a, b) => b.share - a.share).slice(0, room);
  for (const { id, state, reason } of worst) looked.set(id, ejected(state, reason, nowMs, check));
  return looked;
}

/**
 * Whether these together fail less than half as often as one would have to, in the time in which the one that fails did. Who is
 * there for a shorter time than that one, or has few connections, says nothing.
 */
function doClearlyBetter(others: readonly WatchedIn[], { samples }: WatchedIn, check: PassiveCheck): boolean {
  const sinceMs = windowBeganMs(samples, check.withinMs);
  const seen = others
    .filter((other) => windowBeganMs(other.samples, check.withinMs) <= sinceMs)
    .map((other) => attemptsWithin(other.samples, check.withinMs, sinceMs))
    .filter(({ tried }) => tried >= check.attempts);
  const tried = seen.reduce((sum, count) => sum + count.tried, 0);
  const failed = seen.reduce((sum, count) => sum + failedOf(count), 0);
  const half = (check.failures / 2) * tried;
  // Of few connections that fail half as often, fewer do by chance: about so many (the deviation of a Poisson distribution).
  return tried > 0 && failed + Math.sqrt(half) <= half;
}

/** One backend by itself: it comes back, gets a sample, or is forgiven. */
function look(
  state: Watched | undefined,
  { count, isHealthy }: WatchedBackend,
  nowMs: number,
  { withinMs }: PassiveCheck,
): Watched {
  if (state?.kind === 'out') {
    const wasDown = state.wasDown || !isHealthy;
    const { ejections, sinceMs, untilMs } = state;
    if (nowMs < untilMs && !(wasDown && isHealthy)) return { ...state, wasDown };
    // What it did before it came back counts no more.
    const samples = withSample([], count, nowMs, withinMs);
    return { kind: 'in', samples, ejections, lastOutMs: nowMs - sinceMs, sinceMs: nowMs, worseSinceMs: undefined };
  }
  // While probes find it down it gets no new connections, and needs no second judge.
  const samples = withSample(isHealthy ? (state?.samples ?? []) : [], count, nowMs, withinMs);
  if (state === undefined) {
    return { kind: 'in', samples, ejections: 0, lastOutMs: 0, sinceMs: nowMs, worseSinceMs: undefined };
  }
  // Who is down, and comes back up, begins anew.
  const worseSinceMs = isHealthy ? state.worseSinceMs : undefined;
  const isForgiven = worseSinceMs === undefined && nowMs - state.sinceMs > Math.max(state.lastOutMs, withinMs);
  return { ...state, samples, ejections: isForgiven ? 0 : state.ejections, worseSinceMs };
}

function failureOf(
  { samples }: WatchedIn,
  check: PassiveCheck,
): { readonly share: number; readonly reason: string } | undefined {
  const seen = attemptsWithin(samples, check.withinMs);
  const failed = failedOf(seen);
  if (seen.tried < check.attempts || failed < check.failures * seen.tried) return undefined;
  return { share: failed / seen.tried, reason: reasonOf(seen, failed, check.withinMs) };
}

function failedOf({ tried, unanswered, refused }: AttemptCount): number {
  return Math.min(tried, unanswered + refused);
}

function reasonOf({ tried, unanswered, refused }: AttemptCount, failed: number, withinMs: number): string {
  const of = `${failed} of ${tried} connections in ${withinMs / 1000} s`;
  if (refused === 0) return `${of} were not answered (SYN sent again)`;
  if (unanswered === 0) return `${of} were refused (RST)`;
  return `${of} failed: ${unanswered} not answered (SYN sent again), ${refused} refused (RST)`;
}

function ejected(state: WatchedIn, reason: string, nowMs: number, check: PassiveCheck): Watched {
  const ejections = state.ejections + 1;
  const outMs = Math.min(check.maxEjectForMs, check.ejectForMs * ejections);
  return { kind: 'out', reason, ejections, sinceMs: nowMs, untilMs: nowMs + outMs, wasDown: false };
}
