import type { SharingReport } from '../sharing-report.js';
import { labels, type MetricFamily, NO_LABELS } from './metric-family.js';
import type { PageFigures } from './page-figures.js';

/** Flows that are shared through a store, and flows of other nodes; all since the start of the daemon. */
export const sharingMetrics: readonly MetricFamily<PageFigures>[] = [
  one('weir_replication_store_up', 'gauge', '1: the store is there and takes what it is told.', ({ store }) =>
    store.isAvailable ? 1 : 0,
  ),
  one('weir_replication_queued_flows', 'gauge', 'Flows that wait for the store.', ({ store }) => store.queued),
  one(
    'weir_replication_lag_seconds',
    'gauge',
    'For how long the oldest flow that waits for the store has waited; 0: none does.',
    ({ store }) => store.lagMs / 1000,
  ),
  several('weir_replication_flows_total', 'counter', 'What the store was told of flows.', 'kind', ({ store }) => ({
    told: store.told,
    refreshed: store.refreshed,
    ended: store.ended,
  })),
  several(
    'weir_replication_dropped_flows_total',
    'counter',
    'What the store was not told of flows, as it was too slow or gone for too long.',
    'kind',
    ({ store: { dropped } }) => ({
      told: dropped.tell,
      refreshed: dropped.refresh,
      ended: dropped.end,
      yielded: dropped.yield,
    }),
  ),
  one(
    'weir_replication_commands_total',
    'counter',
    'Batches that were sent to the store.',
    ({ store }) => store.batches,
  ),
  one(
    'weir_replication_errors_total',
    'counter',
    'Batches that the store did not take; they are sent again.',
    ({ store }) => store.failedBatches,
  ),
  one(
    'weir_replication_reconnections_total',
    'counter',
    'Times that the connection to the store was made anew.',
    ({ store }) => store.reconnections,
  ),
  one(
    'weir_replication_foreign_records_total',
    'counter',
    'Records of the store that were of another cluster, another version, or damaged.',
    ({ store }) => store.foreign,
  ),
  several(
    'weir_takeover_lookups_total',
    'counter',
    'Flows that are not known here and that the store was asked about, by its answer.',
    'result',
    ({ takeover: { found, unknown, unavailable, otherService: other_service } }) => ({
      found,
      unknown,
      unavailable,
      other_service,
    }),
  ),
  one(
    'weir_takeover_flows_total',
    'counter',
    'Flows of other nodes that this node went on with.',
    ({ takeover }) => takeover.takenOver,
  ),
  one(
    'weir_takeover_yielded_flows_total',
    'counter',
    'Flows of this node that others went on with.',
    ({ store }) => store.yielded,
  ),
  several(
    'weir_takeover_packets_total',
    'counter',
    'Packets of flows that were not known here, by what became of them.',
    'result',
    ({ takeover: { settled, dropped }, dataplane: { overRate: over_rate, lost } }) => ({
      ...settled,
      dropped,
      over_rate,
      lost,
    }),
  ),
];

type Type = MetricFamily<PageFigures>['type'];

function one(
  name: `weir_${string}`,
  type: Type,
  help: string,
  read: (sharing: SharingReport) => number,
): MetricFamily<PageFigures> {
  return {
    name,
    type,
    help,
    write: ({ node: { sharing } }, write) => {
      if (sharing !== undefined) write(NO_LABELS, read(sharing));
    },
  };
}

function several(
  name: `weir_${string}`,
  type: Type,
  help: string,
  label: string,
  valuesOf: (sharing: SharingReport) => Readonly<Record<string, number>>,
): MetricFamily<PageFigures> {
  return {
    name,
    type,
    help,
    write: ({ node: { sharing } }, write) => {
      if (sharing === undefined) return;
      for (const [key, value] of Object.entries(valuesOf(sharing))) write(labels({ [label]: key }), value);
    },
  };
}
