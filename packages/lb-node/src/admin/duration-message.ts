import type { Duration } from '@weir/admin-api';

/** google.protobuf.Duration of so many ms, which may have a fraction. */
export function durationOf(ms: number): Duration {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

/** In ms, with a fraction where it has one. */
export function msOf({ seconds, nanos }: Duration): number {
  return Number(seconds) * 1000 + nanos / 1e6;
}
