import { z } from 'zod';

const NOT_ONE = 'is not a status code or a range of them such as "200-399"';
const PATTERN = /^(\d{3})(?:-(\d{3}))?$/;
const LOWEST = 100;
const HIGHEST = 599;

type Range = readonly [first: number, last: number];

const range = z
  .union([z.int(), z.string()], NOT_ONE)
  .transform((written) => String(written))
  .superRefine((written, context) => {
    const range = rangeOf(written);
    if (range === undefined) return context.addIssue(NOT_ONE);
    const [first, last] = range;
    if (first < LOWEST || last > HIGHEST) context.addIssue(`is not within ${LOWEST}-${HIGHEST}, the codes of HTTP`);
    else if (first > last) context.addIssue(`ends before it begins; write "${last}-${first}"`);
  })
  .transform((written) => rangeOf(written) ?? ([LOWEST, HIGHEST] as const));

/** Status codes of HTTP: a code, a range as text, or a list of both; becomes inclusive ranges. */
export const statusRanges = z.union([z.array(range).min(1, 'names no code'), range.transform((one): Range[] => [one])]);

function rangeOf(written: string): Range | undefined {
  const [, first, last = first] = PATTERN.exec(written) ?? [];
  return first === undefined ? undefined : [Number(first), Number(last)];
}
