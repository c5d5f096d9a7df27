import { DataplaneError } from '../dataplane-error.js';

/** Marks of packets (SO_MARK) that are Weir's: `base` in the bits of `mask`, then a number. Others keep away from them. */
export const PROBE_MARKS = { base: 0x5700_0000, mask: 0xff00_0000 } as const;
/** The largest number that a mark holds. */
export const PROBE_NUMBER_MAX = 0x00ff_ffff;

/**
 * The mark of a number that the caller gives to a backend of a service.
 * @throws {DataplaneError} TABLES_INVALID when the number does not fit
 */
export function probeMark(number: number): number {
  if (Number.isInteger(number) && number >= 0 && number <= PROBE_NUMBER_MAX) return PROBE_MARKS.base + number;
  throw new DataplaneError('TABLES_INVALID', `a probe's number is one of 0 to ${PROBE_NUMBER_MAX}, not ${number}`);
}

export function isProbeMark(mark: number): boolean {
  return Number.isInteger(mark) && mark >= PROBE_MARKS.base && mark <= PROBE_MARKS.base + PROBE_NUMBER_MAX;
}
