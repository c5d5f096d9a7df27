const SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600 } as const;

/** Seconds as weir.yaml has them: `300` as `5m`, `50` as `50s`, `0.3` as `300ms`. */
export function durationText(seconds: number): string {
  if (seconds > 0 && seconds % 3600 === 0) return `${seconds / 3600}h`;
  if (seconds > 0 && seconds % 60 === 0) return `${seconds / 60}m`;
  return Number.isInteger(seconds) ? `${seconds}s` : `${Math.round(seconds * 1000)}ms`;
}

/** Seconds of a duration of weir.yaml that was checked: whole ones, as IPVS counts them. */
export function wholeSeconds(text: string): number {
  const [, number = '0', unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  return Math.max(1, Math.round(Number(number) * SECONDS[unit as keyof typeof SECONDS]));
}
