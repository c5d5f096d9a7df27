import type { BackendCount } from '@weir/dataplane';
import { labels, type MetricFamily, NO_LABELS } from './metric-family.js';
import { ofBackends, ofServices, type PageFigures, partsBy, writeParts } from './page-figures.js';

const FLOW_STATES = partsBy('state', ['active', 'inactive']);
const STATES = 'active: of TCP those that are established, of other protocols all';

/** What a service has counted, backends that are gone included. */
export const serviceTraffic: readonly MetricFamily<PageFigures>[] = [
  ofServices(
    { name: 'weir_service_packets_total', type: 'counter', help: 'Packets of clients that were forwarded.' },
    ({ count }) => count?.packets,
  ),
  ofServices(
    {
      name: 'weir_service_bytes_total',
      type: 'counter',
      help: 'Bytes of IP packets of clients that were forwarded, without outer headers.',
    },
    ({ count }) => count?.bytes,
  ),
  ofServices(
    {
      name: 'weir_service_new_flows_total',
      type: 'counter',
      help: 'Flows that this node began to remember; those that the rows alone decide are not remembered.',
    },
    ({ count }) => count?.newFlows,
  ),
  {
    name: 'weir_service_flows',
    type: 'gauge',
    help: `Flows that are remembered; ${STATES}.`,
    write: ({ series }, write) => {
      for (const { open, count } of series.services) {
        if (count !== undefined) writeParts(open, FLOW_STATES, flowsOf(...count.backends), write);
      }
    },
  },
];

/** Of each backend. */
export const backendTraffic: readonly MetricFamily<PageFigures>[] = [
  ofBackends(
    { name: 'weir_backend_packets_total', type: 'counter', help: 'Packets of clients that went to the backend.' },
    ({ count }) => count?.packets,
  ),
  ofBackends(
    {
      name: 'weir_backend_bytes_total',
      type: 'counter',
      help: 'Bytes of IP packets of clients that went to the backend, without outer headers.',
    },
    ({ count }) => count?.bytes,
  ),
  ofBackends(
    {
      name: 'weir_backend_new_flows_total',
      type: 'counter',
      help: 'Flows to the backend that this node began to remember.',
    },
    ({ count }) => count?.newFlows,
  ),
  {
    name: 'weir_backend_flows',
    type: 'gauge',
    help: `Flows to the backend that are remembered; ${STATES}.`,
    write: ({ series }, write) => {
      for (const { backends } of series.services) {
        for (const { open, count } of backends) {
          if (count !== undefined) writeParts(open, FLOW_STATES, flowsOf(count), write);
        }
      }
    },
  },
];

/** Of the node as a whole. */
export const nodeTraffic: readonly MetricFamily<PageFigures>[] = [
  {
    name: 'weir_dropped_packets_total',
    type: 'counter',
    help: 'Packets that ended at this node, by reason; docs/metrics.md says what each means.',
    write: ({ node }, write) => {
      for (const [reason, count] of Object.entries(node.counters.drops)) write(labels({ reason }), count);
    },
  },
  {
    name: 'weir_handover_packets_total',
    type: 'counter',
    help: 'Packets that were handed over to another node, which may have their flows.',
    write: ({ node }, write) => {
      for (const { address, packets } of node.counters.handovers) write(labels({ node: address }), packets);
    },
  },
  {
    name: 'weir_handover_bytes_total',
    type: 'counter',
    help: 'Bytes of IP packets that were handed over to another node, without outer headers.',
    write: ({ node }, write) => {
      for (const { address, bytes } of node.counters.handovers) write(labels({ node: address }), bytes);
    },
  },
  {
    name: 'weir_flow_table_entries',
    type: 'gauge',
    help: 'Places of the flow table that are taken, of a large table an estimate.',
    write: ({ node }, write) => write(NO_LABELS, node.flowTable.taken),
  },
  {
    name: 'weir_flow_table_capacity',
    type: 'gauge',
    help: 'Places of the flow table, at least twice dataplane.maxFlows.',
    write: ({ node }, write) => write(NO_LABELS, node.flowTable.places),
  },
  {
    name: 'weir_answer_table_entries',
    type: 'gauge',
    help: 'Places of the table of answers that are taken, of a large table an estimate; a flow of nat or fullnat takes one, and a packet of theirs in fragments.',
    write: ({ node }, write) => write(NO_LABELS, node.flowTable.answers.taken),
  },
  {
    name: 'weir_answer_table_capacity',
    type: 'gauge',
    help: 'Places of the table of answers, at least twice dataplane.maxTranslatedFlows; with the engine portable those of the flow table, where answers are.',
    write: ({ node }, write) => write(NO_LABELS, node.flowTable.answers.places),
  },
  {
    name: 'weir_interface_attached',
    type: 'gauge',
    help: 'Always 1, of each interface whose packets are forwarded.',
    write: ({ node }, write) => {
      for (const { interface: name, mode } of node.attachments) write(labels({ interface: name, mode }), 1);
    },
  },
];

function flowsOf(...counts: readonly BackendCount[]): { readonly active: number; readonly inactive: number } {
  let [active, inactive] = [0, 0];
  for (const { activeConnections, inactiveConnections } of counts) {
    active += activeConnections;
    inactive += inactiveConnections;
  }
  return { active, inactive };
}
