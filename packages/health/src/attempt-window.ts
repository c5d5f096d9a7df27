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
  const first = samples.findLastIndex(({ atMs }) => atMs <= nowMs - withinMs - SYN_AGAIN_MS);
  return [...samples.slice(Math.max(0, first)), sample];
}

/**
 * What the last `withinMs` saw. Attempts are those of a window that ends {@link SYN_AGAIN_MS} earlier: of later ones it is not
 * known yet how they end.
 */
export function attemptsWithin(samples: AttemptSamples, withinMs: number): AttemptCount {
  const last = samples.at(-1);
  if (last === undefined) return { tried: 0, unanswered: 0, refused: 0 };
  const at = (ms: number) => samples.findLast(({ atMs }) => atMs <= ms) ?? samples[0] ?? last;
  const before = at(last.atMs - withinMs);
  return {
    tried: at(last.atMs - SYN_AGAIN_MS).tried - at(last.atMs - SYN_AGAIN_MS - withinMs).tried,
    unanswered: last.unanswered - before.unanswered,
    refused: last.refused - before.refused,
  };
}
