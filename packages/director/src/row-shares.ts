/**
 * How many of `rows` each weight gets: its fair share, rounded down, and one more for those that lost most by the
 * rounding, the earlier first among equals. So each is less than one row away from its fair share, whatever the weights
 * are, and all rows are given (Hamilton's method of largest remainders).
 *
 * @param weights  integers, at least one above 0
 * @param rows     with the sum of weights multiplied at most 2^53
 */
export function rowShares(weights: readonly number[], rows: number): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = weights.map((weight) => Math.floor((rows * weight) / total));
  const left = rows - shares.reduce((sum, share) => sum + share, 0);
  const remainders = weights.map((weight) => (rows * weight) % total);
  const neediest = remainders.map((_, i) => i).sort((a, b) => (remainders[b] as number) - (remainders[a] as number));
  for (const i of neediest.slice(0, left)) shares[i] = (shares[i] as number) + 1;
  return shares;
}
