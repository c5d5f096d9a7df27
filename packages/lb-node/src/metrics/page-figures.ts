import type { BackendSeries, NodeSeries, ServiceSeries } from './backend-series.js';
import type { DaemonFigures } from './daemon-figures.js';
import { type MetricFamily, moreLabel, type WriteSeries } from './metric-family.js';

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

/** How {@link writeParts} tells the parts of one family apart: a label, and the values that it takes. */
export type Parts<Part extends string> = readonly (readonly [Part, Uint8Array])[];

/** @param values  of the label, in the order in which they are written */
export function partsBy<Part extends string>(label: string, values: readonly Part[]): Parts<Part> {
  return values.map((value) => [value, moreLabel(label, value)]);
}

/**
 * Writes several series of one service or backend.
 * @param open  labels of the service or backend
 */
export function writeParts<Part extends string>(
  open: Uint8Array,
  parts: Parts<Part>,
  values: Readonly<Record<Part, number>>,
  write: WriteSeries,
): void {
  for (const [part, more] of parts) write(open, values[part], more);
}

function writeEach<T extends { readonly open: Uint8Array }>(
  all: readonly T[],
  read: (one: T) => number | undefined,
  write: WriteSeries,
): void {
  for (const one of all) {
    const value = read(one);
    if (value !== undefined) write(one.open, value);
  }
}
