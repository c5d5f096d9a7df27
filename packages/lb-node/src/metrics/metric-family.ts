/**
 * Takes a series of a family.
 * @param open  labels as {@link labels} writes them, or empty: the series has none
 * @param more  a further label, with its comma: `,state="active"`
 */
export type WriteSeries = (open: string, value: number, more?: string) => void;

/** Metrics of one name, as Prometheus has them, and how they come from figures. */
export interface MetricFamily<Figures> {
  /** With its unit at the end: `_seconds`, `_bytes`, `_total` of what only grows. */
  readonly name: `weir_${string}`;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly write: (figures: Figures, series: WriteSeries) => void;
}

/** Labels in the text format of Prometheus, up to the closing brace: `{service="web",backend="10.0.0.21"`. */
export function labels(pairs: Readonly<Record<string, string | number>>): string {
  const texts = Object.entries(pairs).map(([name, value]) => `${name}="${escaped(String(value))}"`);
  return `{${texts.join(',')}`;
}

/** Labels with one more. */
export function withLabel(open: string, name: string, value: string): string {
  return `${open},${name}="${escaped(value)}"`;
}

function escaped(value: string): string {
  return /["\\\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value;
}
