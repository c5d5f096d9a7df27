import type { StateConfig } from '@weir/control';
import type { ReplicationStatus } from '@weir/state-sync';
import type { SharedFlowsCounts } from './shared-flows.js';

/** Since the start of the process, but for what the data plane counts. */
export interface SharingReport extends SharedFlowsCounts {
  readonly store: ReplicationStatus & { readonly kind: StateConfig['store'] };
}

/** Up to the last column of packets in the table of services, see formatCounters. */
const NAME_WIDTH = 46;
const COUNT_WIDTH = 51;

/** A table to stand below that of services: how the store is, then what is not zero. */
export function formatSharing({ store, dataplane, takeover }: SharingReport): string {
  const { dropped } = store;
  const flows: Record<string, number> = {
    told: store.told,
    refreshed: store.refreshed,
    ended: store.ended,
    'waiting for the store': store.queued,
    'dropped, the store was slow: new': dropped.tell,
    'dropped, the store was slow: refresh': dropped.refresh,
    'dropped, the store was slow: end': dropped.end,
    'dropped, the store was slow: yield': dropped.yield,
    found: takeover.found,
    unknown: takeover.unknown,
    'asked about without a store': takeover.unavailable,
    'of a service that is not configured': takeover.otherService,
    'foreign in the store': store.foreign,
    adopted: dataplane.adopted,
    'taken over from other nodes': takeover.takenOver,
    'taken over by other nodes': store.yielded,
  };
  const packets: Record<string, number> = {
    'of unknown flows': dataplane.missed,
    'of unknown flows, over the rate': dataplane.overRate,
    'of unknown flows, too many waiting': takeover.dropped,
    'of flows whose backend is gone': takeover.settled.no_backend,
    'of flows without room here': takeover.settled.no_room,
    'lost on their way, or events': dataplane.lost,
  };
  const state = store.isAvailable ? 'available' : `gone: ${store.lastError ?? 'not connected yet'}`;
  const lines = [
    `Store of flows: ${store.kind}, ${state}`,
    line('Shared flows', 'Flows'),
    ...linesOf(flows),
    line('Packets of shared flows', 'Packets'),
    ...linesOf(packets),
  ];
  return `\n${lines.join('\n')}\n`;
}

function linesOf(counts: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => line(`  ${name}`, count));
}

function line(name: string, count: string | number): string {
  return name.padEnd(NAME_WIDTH) + String(count).padStart(COUNT_WIDTH);
}
