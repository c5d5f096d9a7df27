import { z } from 'zod';

/** An inclusive range of ports. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

const PATTERN = /^(\d{1,5})-(\d{1,5})$/;
const NOT_ONE = 'is not a port, a range of ports such as "8000-8999", or "all"';
const PORT_MAX = 65_535;

/** A single port of TCP, UDP or SCTP. */
export const portNumber = z.int().min(1).max(PORT_MAX);

const portRange = z
  .string()
  .regex(PATTERN, NOT_ONE)
  .superRefine((text, context) => {
    const { first, last } = rangeOf(text);
    if (first < 1 || last < 1) context.addIssue('begins below port 1');
    else if (first > PORT_MAX || last > PORT_MAX) context.addIssue(`ends above port ${PORT_MAX}`);
    else if (first > last) context.addIssue(`ends before it begins; write "${last}-${first}"`);
  })
  .transform(rangeOf)
  .transform((range) => (range.first === range.last ? range.first : range));

/** What a service listens on: a port, an inclusive range of them as text, or `all`. A range of one port becomes a number. */
export const ports = z.union([portNumber, z.literal('all'), portRange]);

function rangeOf(text: string): PortRange {
  const [, first, last] = PATTERN.exec(text) ?? [];
  return { first: Number(first), last: Number(last) };
}
