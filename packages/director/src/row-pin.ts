/** How long rows keep flows. */
export interface PinTiming {
  /** How long a row remembers the flows that pass before it moves; flows silent for longer may end up elsewhere. */
  readonly learnMs: number;
  /**
   * How long a row goes on to remember flows after it moved, or after flows of former members were last seen in it.
   * At least as long as the data plane remembers a silent flow: else what it still knows of a row could be outdated
   * when the row moves again.
   */
  readonly holdMs: number;
}

/**
 * What goes on in one row. A row without a pin is undisturbed: all its flows are with the member that it points at, and
 * the data plane remembers none.
 *
 * | from | when | to | the row |
 * |---|---|---|---|
 * | no pin, fading | another member is wanted | learning | stays |
 * | learning | the member is wanted again | held for the rest of an earlier hold, else fading | stays |
 * | learning | kept for `learnMs` | held | moves |
 * | held | another member is wanted | learning, since it has been kept | stays, moves at once if it was kept for `learnMs` |
 * | held | `holdMs` without need | fading | stays |
 * | fading | `holdMs` passed | no pin | stays |
 * | learning, held, fading | the member is gone | held | moves at once |
 * | no pin | the member is gone | no pin: its flows ended with the member | moves at once |
 */
export type RowPin =
  /** Remembers flows, so that they stay when it moves. Kept. Has a hold to go back to if it moved before. */
  | { readonly kind: 'learning'; readonly keptSinceMs: number; readonly heldUntilMs: number | undefined }
  /** Has moved; flows that it remembers may be with former members. Kept. */
  | { readonly kind: 'held'; readonly keptSinceMs: number; readonly heldUntilMs: number }
  /** Not kept any more, but the data plane may not have forgotten its flows yet; all are with the row's member. */
  | { readonly kind: 'fading'; readonly untilMs: number };

/** Does the data plane remember the flows of the row? */
export function isKept(pin: RowPin): pin is Exclude<RowPin, { kind: 'fading' }> {
  return pin.kind !== 'fading';
}

/** The row's member serves no more: the row moves now. */
export function pinOfGone(pin: RowPin | undefined, { holdMs }: PinTiming, nowMs: number): RowPin | undefined {
  if (pin === undefined) return undefined;
  // What is remembered of the gone member has to be overwritten before it comes back.
  return { kind: 'held', keptSinceMs: isKept(pin) ? pin.keptSinceMs : nowMs, heldUntilMs: nowMs + holdMs };
}

/** Another member is wanted than the one that the row points at. */
export function pinOfUnwanted(pin: RowPin | undefined, nowMs: number): RowPin {
  if (pin === undefined || !isKept(pin)) return { kind: 'learning', keptSinceMs: nowMs, heldUntilMs: undefined };
  return { ...pin, kind: 'learning' };
}

/** The member is wanted that the row points at. */
export function pinOfWanted(pin: RowPin | undefined, { holdMs }: PinTiming, nowMs: number): RowPin | undefined {
  if (pin?.kind !== 'learning') return pin;
  const { keptSinceMs, heldUntilMs = nowMs } = pin;
  return heldUntilMs > nowMs ? { kind: 'held', keptSinceMs, heldUntilMs } : { kind: 'fading', untilMs: nowMs + holdMs };
}

/** Flows of former members were seen, or one of these is gone: either way what is remembered counts from now on. */
export function pinOfNeeded(pin: RowPin, { holdMs }: PinTiming, nowMs: number): RowPin {
  const mayKnowFormer = isKept(pin) && pin.heldUntilMs !== undefined;
  return mayKnowFormer ? { ...pin, heldUntilMs: nowMs + holdMs } : pin;
}

/** When time alone changes the pin next. */
export function dueMs(pin: RowPin, { learnMs }: PinTiming): number {
  switch (pin.kind) {
    case 'learning':
      return pin.keptSinceMs + learnMs;
    case 'held':
      return pin.heldUntilMs;
    case 'fading':
      return pin.untilMs;
  }
}

/** What a pin becomes when it is due; one that was learning has learned: its row moves. */
export function pinOfDue(pin: RowPin, { holdMs }: PinTiming, nowMs: number): RowPin | undefined {
  switch (pin.kind) {
    case 'learning':
      return { kind: 'held', keptSinceMs: pin.keptSinceMs, heldUntilMs: nowMs + holdMs };
    case 'held':
      return { kind: 'fading', untilMs: nowMs + holdMs };
    case 'fading':
      return undefined;
  }
}
