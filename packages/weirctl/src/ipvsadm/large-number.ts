const K = 1000n;

/**
 * A counter in a column of ipvsadm: nine places, above 99,999,999 in thousands, millions and so on.
 * @param isExact  as it is, however long
 */
export function largeNumber(count: bigint, isExact: boolean): string {
  if (isExact) return ` ${`${count}`.padStart(8)}`;
  if (count < 100_000n * K) return `${count}`.padStart(9);
  if (count < K * K * K) return `${`${count / K}`.padStart(8)}K`;
  if (count < 100n * K ** 3n) return `${`${count / K ** 2n}`.padStart(8)}M`;
  if (count < 100n * K ** 4n) return `${`${count / K ** 3n}`.padStart(8)}G`;
  return `${`${count / K ** 4n}`.padStart(8)}T`;
}
