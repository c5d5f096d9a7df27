/** Takes a series of a family. `labels` as {@link labels} writes them, or empty. */
export type WriteSeries = (labels: string, value: number) => void;

/** Metrics of one name, as Prometheus has them, and how they come from figures. */
export interface MetricFamily<Figures> {
  /** With its unit at the end: `_seconds`, `_bytes`, `_total` of what only grows. */
  readonly name: `weir_${string}`;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly write: (figures: Figures, series: WriteSeries) => void;
}

/** Labels in the text format of Prometheus: `{service="web",backend="10.0.0.21"}`. */
export function labels(pairs: Readonly<Record<string, string | number>>): string {
  const texts = Object.entries(pairs).map(([name, value]) => `${name}="${escaped(String(value))}"`);
  return `{${texts.join(',')}}`;
}

/**
 * A family in the text format of Prometheus, 0.0.4. Text is put together here rather than by prom-client, which hashes the
 * labels of each series: with 10,000 backends that takes several times as long (docs/metrics.md).
 */
export function familyText<Figures>({ name, type, help, write }: MetricFamily<Figures>, figures: Figures): string {
  let text = `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
  write(figures, (labels, value) => {
    text += `${name}${labels} ${valueText(value)}\n`;
  });
  return text;
}

function valueText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

function escaped(value: string): string {
  return /["\\\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value;
}
