import { z } from 'zod';

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;
const NOT_ONE = 'is not a duration; write a number with its unit, such as 500ms, 3s or 2m';
/** Well below what a timer of Node can count, 2^31 ms. */
const LONGEST_MS = 24 * UNITS_MS.h;

/** A duration as text with its unit, `500ms`, `3s`, `2m`, `1h`; becomes milliseconds. */
export const duration = durationUpTo(LONGEST_MS, '24h');

/** A duration that travels in BGP messages, which count whole seconds. */
export const wholeSeconds = duration.refine((ms) => ms >= 1000 && ms % 1000 === 0, {
  error: 'is not a whole number of seconds, as BGP counts them; write 3s, for example',
  abort: true,
});

/** @param text  the longest, as people write it */
export function durationUpTo(longestMs: number, text: string) {
  return z
    .string({ error: NOT_ONE })
    .regex(PATTERN, NOT_ONE)
    .transform((written) => {
      const [, number, unit] = PATTERN.exec(written) as unknown as [string, string, keyof typeof UNITS_MS];
      return Math.round(Number(number) * UNITS_MS[unit]);
    })
    .refine((ms) => ms <= longestMs, { error: `is more than ${text}`, abort: true });
}
