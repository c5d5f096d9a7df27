import { closeSync } from 'node:fs';
import { type ForwardingService, type ForwardingTables, openPinned, XdpDataplane } from '@weir/dataplane';
import { DEFAULT_TABLE_ROWS, maglevTable } from '@weir/director';
import { BenchError } from '../bench-error.js';
import { type Summary, summarize } from '../statistics.js';
import type { BenchNetwork } from './bench-network.js';
import { updateMapBatch } from './map-batch.js';

const SERVICE_COUNTS = [1, 10, 64];
const BACKENDS_MAX = 8192;
/** struct row_line of the dataplane's tables: 32 rows of 16 bits. */
const ROW_LINE = { rows: 32, bytes: 64 };

/** Time to bring tables into force, in ms, for a number of services with a table of 65,537 rows each. */
export interface TableCost {
  readonly services: number;
  /** To fill the tables of all services with backends (director). Not part of what follows. */
  readonly computeMs: number;
  /** All services are new. */
  readonly newMs: number;
  /** The tables are in force already. */
  readonly unchangedMs: Summary;
  /** In each service a backend goes, and the one that had gone comes back. */
  readonly changedMs: Summary;
  /** Rows stored for that, of all rows of all tables. */
  readonly rowsWritten: number;
  readonly rows: number;
  /** The same rows written whole, with one bpf_map_update_batch: what differences save. */
  readonly wholeMs: Summary;
}

/** Measures changes of the tables of a data plane that serves no interface. */
export async function benchmarkTables(
  network: BenchNetwork,
  { runs }: { readonly runs: number },
  say: (line: string) => void,
): Promise<TableCost[]> {
  // Not kept: in the first one the JavaScript is still being compiled.
  await measure(network, 1, runs);
  const costs: TableCost[] = [];
  for (const services of SERVICE_COUNTS) {
    say(`tables of ${services} services`);
    costs.push(await measure(network, services, runs));
  }
  return costs;
}

async function measure(network: BenchNetwork, services: number, runs: number): Promise<TableCost> {
  const pinDirectory = `/sys/fs/bpf/tables-${services}`;
  XdpDataplane.remove(pinDirectory);
  await using plane = XdpDataplane.open({
    interfaces: [],
    mode: 'auto',
    pinDirectory,
    limits: { services, backends: BACKENDS_MAX, rows: services * 2 * DEFAULT_TABLE_ROWS },
  });
  const addresses = network.backends.ipv4;
  const started = performance.now();
  const first = tablesWithout(network, services, 0);
  const computeMs = performance.now() - started;
  const apply = async (tables: ForwardingTables) => {
    const begin = performance.now();
    const { rowsWritten } = await plane.apply(tables);
    return { ms: performance.now() - begin, rowsWritten };
  };
  const { ms: newMs } = await apply(first);
  // The first change fills the spare tables, as any first change after a start does; those after it are the usual ones.
  await apply(tablesWithout(network, services, 1));
  const changes: { ms: number; rowsWritten: number }[] = [];
  const unchanged: number[] = [];
  for (let run = 0; run < runs; run++) {
    const tables = tablesWithout(network, services, (run + 2) % addresses.length);
    changes.push(await apply(tables));
    unchanged.push((await apply(tables)).ms);
  }
  return {
    services,
    computeMs,
    newMs,
    unchangedMs: summarize(unchanged),
    changedMs: summarize(changes.map(({ ms }) => ms)),
    rowsWritten: summarize(changes.map(({ rowsWritten }) => rowsWritten)).median,
    rows: services * DEFAULT_TABLE_ROWS,
    wholeMs: summarize(measureWhole(`${pinDirectory}/maps/rows`, services, runs)),
  };
}

/** Last: it overwrites what the tables say. */
function measureWhole(pin: string, services: number, runs: number): number[] {
  const fd = openPinned(pin);
  if (fd === undefined) throw new BenchError('BENCH_PATH_BROKEN', `expected the map of rows at ${pin}; found nothing`);
  try {
    const lines = services * Math.ceil(DEFAULT_TABLE_ROWS / ROW_LINE.rows);
    const values = new Uint8Array(lines * ROW_LINE.bytes);
    return Array.from({ length: runs }, () => {
      const begin = performance.now();
      updateMapBatch(fd, values, ROW_LINE.bytes);
      return performance.now() - begin;
    });
  } finally {
    closeSync(fd);
  }
}

/** Services on ports 1 and up, with all backends but one. */
function tablesWithout(network: BenchNetwork, services: number, gone: number): ForwardingTables {
  const addresses = network.backends.ipv4.filter((_, index) => index !== gone);
  const each = Array.from({ length: services }, (_, index): ForwardingService => {
    // A table of its own for each: as if weights differed.
    const rows = maglevTable({ members: addresses.map((id, at) => ({ id, weight: 100 + ((index + at) % 7) })) });
    return {
      listeners: [{ vip: '198.51.100.10', protocol: 'tcp', port: index + 1 }],
      forwarding: { method: 'ipip' },
      scheduling: { pick: 'hash', of: 'flow' },
      backends: addresses.map((address) => ({ address })),
      rows,
    };
  });
  return { services: each, sources: network.sources, hashSeed: 7n };
}
