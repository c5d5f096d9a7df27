import { type AttemptCount, type AttemptSamples, attemptsWithin, withSample } from './attempt-window.js';

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

/** What is known of the backends of one service, by id. */
export type WatchedService = ReadonlyMap<string, Watched>;

/**
 * What is thought of the backends of a service after a look at their counts; to be called about once a second.
 *
 * Failures are held against a backend only while another one of the service does better: what all suffer from, such as a
 * network that is down or a flood of SYNs that nobody waits for, is not their fault, and leaving some out helps nobody.
 */
export function nextWatched(
  former: WatchedService,
  backends: readonly WatchedBackend[],
  nowMs: number,
  check: PassiveCheck,
): WatchedService {
  const looked = new Map(backends.map((backend) => [backend.id, look(former.get(backend.id), backend, nowMs, check)]));
  const failing = backends.flatMap(({ id, isHealthy }) => {
    const state = looked.get(id);
    const failed = state?.kind === 'in' && isHealthy ? failureOf(state, check) : undefined;
    return failed === undefined ? [] : [{ id, ...failed }];
  });
  const serving = backends.filter(({ id, isHealthy }) => isHealthy && looked.get(id)?.kind === 'in').length;
  if (serving === failing.length) return looked;
  const out = [...looked.values()].filter(({ kind }) => kind === 'out').length;
  const room = Math.max(0, Math.max(1, Math.floor(check.maxEjected * backends.length)) - out);
  const worst = failing.toSorted((a, b) => b.share - a.share).slice(0, room);
  for (const { id, reason } of worst) {
    const state = looked.get(id);
    if (state?.kind === 'in') looked.set(id, ejected(state, reason, nowMs, check));
  }
  return looked;
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
    return { kind: 'in', samples, ejections, lastOutMs: nowMs - sinceMs, sinceMs: nowMs };
  }
  // While probes find it down it gets no new connections, and needs no second judge.
  const samples = withSample(isHealthy ? (state?.samples ?? []) : [], count, nowMs, withinMs);
  if (state === undefined) return { kind: 'in', samples, ejections: 0, lastOutMs: 0, sinceMs: nowMs };
  const isForgiven = nowMs - state.sinceMs > Math.max(state.lastOutMs, withinMs);
  return { ...state, samples, ejections: isForgiven ? 0 : state.ejections };
}

function failureOf(
  { samples }: Watched & { kind: 'in' },
  check: PassiveCheck,
): { readonly share: number; readonly reason: string } | undefined {
  const seen = attemptsWithin(samples, check.withinMs);
  const failed = Math.min(seen.tried, seen.unanswered + seen.refused);
  if (seen.tried < check.attempts || failed < check.failures * seen.tried) return undefined;
  return { share: failed / seen.tried, reason: reasonOf(seen, failed, check.withinMs) };
}

function reasonOf({ tried, unanswered, refused }: AttemptCount, failed: number, withinMs: number): string {
  const of = `${failed} of ${tried} connections in ${withinMs / 1000} s`;
  if (refused === 0) return `${of} were not answered (SYN sent again)`;
  if (unanswered === 0) return `${of} were refused (RST)`;
  return `${of} failed: ${unanswered} not answered (SYN sent again), ${refused} refused (RST)`;
}

function ejected(state: Watched & { kind: 'in' }, reason: string, nowMs: number, check: PassiveCheck): Watched {
  const ejections = state.ejections + 1;
  const outMs = Math.min(check.maxEjectForMs, check.ejectForMs * ejections);
  return { kind: 'out', reason, ejections, sinceMs: nowMs, untilMs: nowMs + outMs, wasDown: false };
}
