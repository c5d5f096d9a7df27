import assert from 'node:assert/strict';

/** What several measurements of the same thing say. */
export interface Summary {
  readonly median: number;
  /** Half of what lies between the smallest and the largest, as a share of the median: 0.05 is "within 5 %". */
  readonly spread: number;
  readonly values: readonly number[];
}

/** Median and spread of at least one value. An even number of values has the mean of the two in the middle as median. */
export function summarize(values: readonly number[]): Summary {
  assert(values.length > 0, 'there is no median of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] as number;
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  const range = at(sorted.length - 1) - at(0);
  return { median, spread: median === 0 ? 0 : range / 2 / Math.abs(median), values };
}

/** The smallest value that at least this share of all values does not exceed: 0.99 is the 99th percentile, by nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  assert(values.length > 0, 'there is no percentile of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
}
