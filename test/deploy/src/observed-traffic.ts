import { setTimeout as wait } from 'node:timers/promises';
import { CheckedConnections, HttpLoad, type LabHost, startCheckedServer, waitUntil } from '@weir/lab';
import type { ExecutionContext } from 'ava';
import type { MachineCluster } from './machine-cluster.js';

/** What became of all traffic while something happened. */
interface TrafficReport {
  readonly requests: number;
  readonly failed: number;
  /** How often each error came. */
  readonly errors: Readonly<Record<string, number>>;
  /** Long connections that ended or stood still, of those that were open all the time. */
  readonly lost: number;
  /** Segments that the client's TCP sent again and that were missed: packets lost on the way, of requests and long connections. */
  readonly missed: number;
}

/** Long ones, to each VIP. */
const CONNECTIONS = 40;
const REQUESTS_PER_SECOND = 75;
/**
 * SYN and FIN that were sent again because the other end was slow, not because they were lost: receivers say so of data alone. On
 * busy cores there may be a few. A gap of a hundredth of a second costs more: a dozen segments that somebody waits for.
 */
const MISSED_MAX = 5;
const SETTLE_TIMEOUT_MS = 60_000;
/** Longer than a SYN that was lost takes to be sent again. */
const OBSERVED_AFTERWARDS_MS = 1500;

/** Starts what the long connections end at, on every backend. */
export async function startCheckedServers(weir: MachineCluster): Promise<void> {
  await Promise.all(weir.backends.map(({ host }) => startCheckedServer(host)));
}

/**
 * Sends requests to both VIPs, each over a new connection, and keeps long connections to both busy, while something happens and
 * a while longer.
 */
async function observeTraffic(weir: MachineCluster, happens: () => Promise<unknown>): Promise<TrafficReport> {
  const { client } = weir;
  const connections = await Promise.all(
    weir.vips.map((address) =>
      CheckedConnections.open(client, { address, count: CONNECTIONS }, { timeoutMs: SETTLE_TIMEOUT_MS }),
    ),
  );
  const loads = weir.vips.map((vip) =>
    HttpLoad.start(client, { url: weir.url(vip), requestsPerSecond: REQUESTS_PER_SECOND }),
  );
  await Promise.all(loads.map((load) => load.nextResult()));
  const before = await segmentsMissed(client);
  await happens();
  await wait(OBSERVED_AFTERWARDS_MS);
  const [results, alive] = await Promise.all([
    Promise.all(loads.map((load) => load.stop())),
    Promise.all(connections.map(aliveOf)),
  ]);
  const missed = (await segmentsMissed(client)) - before;
  await Promise.all(connections.map((each) => each.close()));
  return {
    requests: sum(results.map(({ requests }) => requests)),
    failed: sum(results.map(({ failed }) => failed)),
    errors: Object.assign({}, ...results.map(({ errors }) => errors)),
    lost: CONNECTIONS * connections.length - sum(alive),
    missed,
  };
}

/** Asserts that nothing of the traffic was harmed while something happened: no request, no long connection, no packet. */
export async function harmless(
  t: ExecutionContext,
  weir: MachineCluster,
  happens: () => Promise<unknown>,
): Promise<void> {
  const report = await observeTraffic(weir, happens);
  t.log(`${report.requests} requests, ${report.missed} segments missed`);
  t.like(report, { failed: 0, errors: {}, lost: 0 });
  t.true(report.missed <= MISSED_MAX, `${report.missed} segments were lost on the way`);
  t.true(report.requests > 0);
}

/** How many of them still move data both ways. */
async function aliveOf(connections: CheckedConnections): Promise<number> {
  await connections.mark();
  const settled = async () => {
    const { alive, unmoved } = await connections.report();
    return unmoved === 0 ? alive : undefined;
  };
  return await waitUntil('all long connections that live to move data', settled, {
    timeoutMs: SETTLE_TIMEOUT_MS,
    intervalMs: 100,
  });
}

/**
 * Of the host since it was made: segments sent again (RFC 4022, tcpRetransSegs), less those that the other end has then got twice, and
 * said so (D-SACK, RFC 2883): these were sent again because an answer was late, as on busy cores it is.
 */
async function segmentsMissed(host: LabHost): Promise<number> {
  const text = await host.output('cat', ['/proc/net/snmp', '/proc/net/netstat']);
  const twice = counterOf(text, 'TcpExt', 'TCPDSACKRecvSegs');
  return counterOf(text, 'Tcp', 'RetransSegs') - twice;
}

/** From a line of names, and the one of values below it. */
function counterOf(text: string, group: string, name: string): number {
  const [names, values] = text
    .split('\n')
    .filter((line) => line.startsWith(`${group}:`))
    .map((line) => line.split(' '));
  const at = names?.indexOf(name) ?? -1;
  if (at === -1) throw new RangeError(`this kernel does not count ${group} ${name}`);
  return Number(values?.[at]);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
