import { z } from 'zod';
import { durationUpTo } from './duration.js';

const PERCENTAGE = /^(\d{1,3})%$/;

/** "50%", which becomes a fraction. */
const share = z
  .string()
  .regex(PERCENTAGE, 'is not a share such as "50%"')
  .transform((written) => Number.parseInt(written, 10) / 100)
  .refine((fraction) => fraction > 0 && fraction <= 1, 'is not between 1% and 100%');

const HOUR_MS = 3_600_000;
const WITHIN_MAX_MS = 300_000;
const second = (time: z.ZodType<number>) => time.refine((ms) => ms >= 1000, 'is less than 1s');

const check = z.strictObject({
  attempts: z
    .int()
    .min(1)
    .max(1_000_000)
    .describe('Connections to a backend within the time, from which on their share of failures counts.')
    .default(10),
  failures: share.describe('So large a share of them failed.').prefault('50%'),
  within: second(durationUpTo(WITHIN_MAX_MS, '5m'))
    .describe('The time that connections are counted in.')
    .prefault('10s'),
  ejectFor: second(durationUpTo(HOUR_MS, '1h'))
    .describe('For how long a backend is out; twice, three times as long when it fails again soon after.')
    .prefault('30s'),
  maxEjectFor: second(durationUpTo(HOUR_MS, '1h')).describe('It is never out for longer.').prefault('5m'),
  maxEjected: share
    .describe('Of the backends of the service; one may be out however few there are, if another one serves.')
    .prefault('50%'),
});

/** `services[].passiveCheck`. */
export const passiveCheck = z.union([z.literal('off'), check]);

export type PassiveCheckDocument = z.output<typeof check>;
