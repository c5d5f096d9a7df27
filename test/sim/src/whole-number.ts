import { SimError } from './sim-error.js';

/**
 * A whole number as it is given on the command line.
 *
 * @param option  as it is written: `--flows`
 * @throws {SimError} OPTION_INVALID
 */
export function parseWholeNumber(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new SimError('OPTION_INVALID', `${option} takes a whole number from ${min} to ${max}, and "${text}" is none`);
}
