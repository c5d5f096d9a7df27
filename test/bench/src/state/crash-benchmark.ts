import { setTimeout as wait } from 'node:timers/promises';
import {
  CHECKED_PORT,
  CheckedConnections,
  type ConnectionsReport,
  type StandardCluster,
  startCheckedServer,
  WeirCluster,
  waitUntil,
} from '@weir/lab';
import { tuneHosts } from '../lab/host-tuning.js';

/** How connections fared whose node was killed, and the others. */
export interface CrashFigures {
  readonly connections: number;
  /** That were in the flow table of the node. */
  readonly ofCrashedNode: number;
  /** From the crash until the router had no route by the node any more. */
  readonly routeGoneMs: number;
  /** From then until each connection had moved data both ways. */
  readonly allMovedMs: number;
  /** Of connections; they contain the time until the route was gone. */
  readonly pausesMs: ConnectionsReport['pausesMs'];
  readonly lost: number;
  readonly mismatches: number;
}

const NODES = 2;
const BACKENDS = 2;
const INTERVAL_MS = 1000;
const MESSAGE_BYTES = 100;
/** Of each client's process: its ports, and what one CPU sends. */
const OPEN_TIMEOUT_MS = 120_000;
const TELL_TIMEOUT_MS = 60_000;
const MOVE_TIMEOUT_MS = 60_000;
const LOOK_MS = 20;

const services = ({ vip, backends }: StandardCluster) => [
  {
    name: 'checked',
    vip: vip.ipv4,
    port: CHECKED_PORT,
    scheduler: 'wlc',
    method: 'ipip',
    backends: backends.map(({ ipv4 }) => ({ address: ipv4 })),
  },
];

/** Kills one of two nodes of a lab that have real connections, and measures until all of them move data again. */
export async function benchmarkCrash(
  { connections: count, takeoversPerSecond }: { readonly connections: number; readonly takeoversPerSecond: number },
  say: (line: string) => void,
): Promise<CrashFigures> {
  const options = { nodes: NODES, backends: BACKENDS, redis: 'single', innerMtuBytes: 1700, holdSeconds: 3 } as const;
  await using weir = await WeirCluster.start({ ...options, services, state: { takeoversPerSecond } });
  await tuneHosts(weir.lab);
  for (const { name } of weir.cluster.backends) await startCheckedServer(weir.lab.host(name));
  const vip = weir.cluster.vip.ipv4;
  const target = { address: vip, count, intervalMs: INTERVAL_MS, messageBytes: MESSAGE_BYTES };
  const client = weir.lab.host('client');
  const connections = await CheckedConnections.open(client, target, { timeoutMs: OPEN_TIMEOUT_MS });
  const redis = weir.redis?.servers[0];
  await waitUntil(`${count} flows in Redis`, async () => Number(await redis?.command('DBSIZE')) >= count || undefined, {
    timeoutMs: TELL_TIMEOUT_MS,
    intervalMs: 100,
  });
  const crashed = weir.nodes[0] as (typeof weir.nodes)[number];
  const { services: counted } = await crashed.counters();
  const ofCrashedNode = counted
    .flatMap(({ backends }) => backends)
    .reduce((sum, { activeConnections }) => sum + activeConnections, 0);
  say(`${ofCrashedNode} of ${count} connections go by the node that is killed`);
  const begun = performance.now();
  await crashed.host.crash();
  while ((await weir.routesTo(vip)) === NODES) await wait(LOOK_MS);
  const gone = performance.now();
  await connections.roundTrip({ timeoutMs: MOVE_TIMEOUT_MS });
  const allMovedMs = performance.now() - gone;
  const { pausesMs, lost, mismatches } = await connections.report();
  say(`all moved ${allMovedMs.toFixed(0)} ms after the route was gone`);
  const routeGoneMs = gone - begun;
  return { connections: count, ofCrashedNode, routeGoneMs, allMovedMs, pausesMs, lost, mismatches };
}
