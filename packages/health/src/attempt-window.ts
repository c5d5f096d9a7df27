/** What became of connections that clients tried to open, as a data plane counts it: from some moment on, never less. */
export interface AttemptCount {
  readonly tried: number;
  /** Those of them whose SYN came again. */
  readonly unanswered: number;
  /** Those that were answered by RST. */
  readonly refused: number;
}

/** Counts as they were at some time, oldest first. Times in ms of one clock that never jumps. */
export type AttemptSamples = readonly (AttemptCount & { readonly atMs: number })[];

/** After so long a client sends its SYN again (RFC 6298, section 2): until then nobody knows that it was not answered. */
export const SYN_AGAIN_MS = 1_000;

/** One sample more, without those that no window of this length needs. Less than before: counting began anew. */
export function withSample(
  samples: AttemptSamples,
  { tried, unanswered, refused }: AttemptCount,
  nowMs: number,
  withinMs: number,
): AttemptSamples {
  const sample = { tried, unanswered, refused, atMs: nowMs };
  const last = samples.at(-1);
  if (last !== undefined && (tried < last.tried || unanswered < last.unanswered || refused < last.refused)) {
    return [sample];
  }
  const first = samples.findLastIndex(({ atMs }) => atMs <= nowMs - withinMs - SYN_AGAIN_MS * 1.5);
  return [...samples.slice(Math.max(0, first)), sample];
}

/** When the window of {@link attemptsWithin} began: `withinMs` before its end, or with the first sample. */
export function windowBeganMs(samples: AttemptSamples, withinMs: number): number {
  const [first, last] = [samples[0], samples.at(-1)];
  return first === undefined || last === undefined ? 0 : Math.max(first.atMs, last.atMs - SYN_AGAIN_MS - withinMs);
}

/**
 * What a window of `withinMs` saw that ended {@link SYN_AGAIN_MS} ago: of later connections it is not known yet how they end. SYNs
 * that came again belong to connections that began as much earlier.
 *
 * @param sinceMs  nothing from before counts, also where the window would reach further back
 */
export function attemptsWithin(samples: AttemptSamples, withinMs: number, sinceMs = 0): AttemptCount {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return { tried: 0, unanswered: 0, refused: 0 };
  // Samples come a little sooner or later than they should.
  const at = (ms: number) => samples.findLast(({ atMs }) => atMs <= ms + SYN_AGAIN_MS / 2) ?? first;
  const beginMs = Math.max(windowBeganMs(samples, withinMs), sinceMs);
  const [begin, end] = [at(beginMs), at(last.atMs - SYN_AGAIN_MS)];
  return {
    tried: end.tried - begin.tried,
    unanswered: last.unanswered - at(beginMs + SYN_AGAIN_MS).unanswered,
    refused: end.refused - begin.refused,
  };
}
