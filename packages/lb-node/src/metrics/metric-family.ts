/**
 * Takes a series of a family.
 * @param open  labels as {@link labels} makes them, or {@link NO_LABELS}
 * @param more  a further label, as {@link moreLabel} makes it
 */
export type WriteSeries = (open: Uint8Array, value: number, more?: Uint8Array) => void;

/** Of a series that is the only one of its family. */
export const NO_LABELS = new Uint8Array();

/** Metrics of one name, as Prometheus has them, and how they come from figures. */
export interface MetricFamily<Figures> {
  /** With its unit at the end: `_seconds`, `_bytes`, `_total` of what only grows. */
  readonly name: `weir_${string}`;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly write: (figures: Figures, series: WriteSeries) => void;
}

/** Labels in the text format of Prometheus, up to the closing brace, as UTF-8: `{service="web",backend="10.0.0.21"`. */
export function labels(pairs: Readonly<Record<string, string | number>>): Uint8Array {
  const texts = Object.entries(pairs).map(([name, value]) => labelText(name, String(value)));
  return Buffer.from(`{${texts.join(',')}`);
}

/** One label more, with its comma: `,state="active"`. */
export function moreLabel(name: string, value: string): Uint8Array {
  return Buffer.from(`,${labelText(name, value)}`);
}

function labelText(name: string, value: string): string {
  return `${name}="${escaped(value)}"`;
}

function escaped(value: string): string {
  return /["\\\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value;
}
