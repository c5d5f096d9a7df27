import { InvalidArgumentError } from 'commander';

const unitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** An option's duration as weir.yaml writes it, `90s`, `15m`, `1h`, or in days, `2d`; in milliseconds. */
export function durationArgument(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError('Write a number with its unit, such as 90s, 15m or 1h.');
  return Math.round(Number(number) * unitsMs[unit as keyof typeof unitsMs]);
}
