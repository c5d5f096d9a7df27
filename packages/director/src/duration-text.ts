const units = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

/** A duration as weir.yaml writes it, to its two largest units: `1h30m`, `12s`. */
export function durationText(ms: number): string {
  const largest = units.findIndex(([, unitMs]) => ms >= unitMs);
  if (largest === -1) return '0s';
  let rest = ms;
  return units
    .slice(largest, largest + 2)
    .map(([name, unitMs]) => {
      const count = Math.floor(rest / unitMs);
      rest %= unitMs;
      return count === 0 ? '' : `${count}${name}`;
    })
    .join('');
}
