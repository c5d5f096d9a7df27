import type { Announcement } from '@weir/bgp-speaker';

/**
 * How far a node is on its way out. `marked`: its routes are still there, and say that they are about to go; it forwards
 * all along.
 */
export type Departure =
  | { readonly kind: 'staying' }
  | { readonly kind: 'marked'; readonly untilMs: number }
  | { readonly kind: 'withdrawn' };

/** What decides about the next step. */
export interface DepartureEvent {
  /** The daemon ends, or operators want the node to drain. */
  readonly leaves: boolean;
  /** Routers have routes of this node. */
  readonly announces: boolean;
  readonly nowMs: number;
  /** How long routes stay marked; 0: they are withdrawn at once. */
  readonly gracefulShutdownMs: number;
}

/** The way out, and back at any time: staying, marked, withdrawn. */
export function nextDeparture(current: Departure, event: DepartureEvent): Departure {
  const { leaves, announces, nowMs, gracefulShutdownMs } = event;
  if (!leaves) return { kind: 'staying' };
  switch (current.kind) {
    case 'staying':
      return announces && gracefulShutdownMs > 0
        ? { kind: 'marked', untilMs: nowMs + gracefulShutdownMs }
        : { kind: 'withdrawn' };
    case 'marked':
      return nowMs < current.untilMs ? current : { kind: 'withdrawn' };
    case 'withdrawn':
      return current;
  }
}

/**
 * The route of a node that is about to leave: routers that have another take that, while this one still forwards.
 * Within the AS the preference says so, to others the community (RFC 8326, section 4).
 */
export function markedForShutdown(announcement: Announcement): Announcement {
  const communities = new Set([...(announcement.communities ?? []), 'graceful-shutdown']);
  return { ...announcement, communities: [...communities], localPreference: 0 };
}
