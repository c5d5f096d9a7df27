import { labels, type MetricFamily, NO_LABELS } from './metric-family.js';
import type { PageFigures } from './page-figures.js';

/** What the node is to do, and where it has that from. */
export const controlMetrics: readonly MetricFamily<PageFigures>[] = [
  {
    name: 'weir_node_draining',
    type: 'gauge',
    help: '1: operators want the node to announce no VIP.',
    write: ({ node: { config } }, write) => write(NO_LABELS, config.node.wantedState === 'draining' ? 1 : 0),
  },
  {
    name: 'weir_backends',
    type: 'gauge',
    help: 'Backends of all services.',
    write: ({ node: { config } }, write) =>
      write(
        NO_LABELS,
        config.services.reduce((sum, { backends }) => sum + backends.length, 0),
      ),
  },
  {
    name: 'weir_backend_addresses_reachable',
    type: 'gauge',
    help: 'Addresses of backends that the kernel knows the next hop to; one that several services have counts once.',
    write: ({ node }, write) => write(NO_LABELS, node.reachableBackends),
  },
  {
    name: 'weir_backends_aggregated',
    type: 'gauge',
    help: '1: there are more backends than metrics.backendsMax, and series of services alone.',
    write: ({ series }, write) => write(NO_LABELS, series.showsBackends ? 0 : 1),
  },
  {
    name: 'weir_etcd_connected',
    type: 'gauge',
    help: '1: etcd answers; 0: the last good state is in force.',
    write: ({ etcd }, write) => {
      if (etcd !== undefined) write(NO_LABELS, etcd.connected ? 1 : 0);
    },
  },
  {
    name: 'weir_etcd_revision',
    type: 'gauge',
    help: 'Revision of etcd that is in force.',
    write: ({ etcd }, write) => {
      if (etcd !== undefined) write(NO_LABELS, Number(etcd.revision));
    },
  },
  {
    name: 'weir_etcd_skipped_keys',
    type: 'gauge',
    help: 'Keys of etcd that are wrong and left out.',
    write: ({ etcd }, write) => {
      if (etcd !== undefined) write(NO_LABELS, etcd.skipped.size);
    },
  },
  {
    name: 'weir_config_source',
    type: 'gauge',
    help: 'Always 1; where services come from beside the file: etcd, snapshot (of etcd, on disk), or nothing.',
    write: ({ etcd }, write) => write(labels({ source: etcd?.source ?? 'nothing' }), 1),
  },
];
