import { z } from 'zod';

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;

/** A duration as text with its unit, `500ms`, `3s`, `2m`, `1h`; becomes milliseconds. */
export const duration = z
  .string({ error: 'is not a duration; write a number with its unit, such as 500ms, 3s or 2m' })
  .regex(PATTERN, 'is not a duration; write a number with its unit, such as 500ms, 3s or 2m')
  .transform((text) => {
    const [, number, unit] = PATTERN.exec(text) as unknown as [string, string, keyof typeof UNITS_MS];
    return Math.round(Number(number) * UNITS_MS[unit]);
  });
