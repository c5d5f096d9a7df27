import type { BackendSeries, NodeSeries, ServiceSeries } from './backend-series.js';
import type { DaemonFigures } from './daemon-figures.js';
import type { MetricFamily, WriteSeries } from './metric-family.js';

/** Figures of a node, with the labels that its series have. */
export interface PageFigures extends DaemonFigures {
  readonly series: NodeSeries;
}

type Head = Pick<MetricFamily<PageFigures>, 'name' | 'type' | 'help'>;

/** A family with one series of each service of which there is a value. */
export function ofServices(
  head: Head,
  read: (service: ServiceSeries) => number | undefined,
): MetricFamily<PageFigures> {
  return { ...head, write: ({ series }, write) => writeEach(series.services, read, write) };
}

/** A family with one series of each backend of which there is a value. */
export function ofBackends(
  head: Head,
  read: (backend: BackendSeries) => number | undefined,
): MetricFamily<PageFigures> {
  return {
    ...head,
    write: ({ series }, write) => {
      for (const { backends } of series.services) writeEach(backends, read, write);
    },
  };
}

/**
 * A family with several series of each service or backend, which one more label tells apart.
 * @param open  labels of the service or backend, up to the closing brace
 */
export function writeParts(
  open: string,
  label: string,
  parts: Readonly<Record<string, number>>,
  write: WriteSeries,
): void {
  for (const part in parts) write(open, parts[part] as number, `,${label}="${part}"`);
}

function writeEach<T extends { readonly open: string }>(
  all: readonly T[],
  read: (one: T) => number | undefined,
  write: WriteSeries,
): void {
  for (const one of all) {
    const value = read(one);
    if (value !== undefined) write(one.open, value);
  }
}
