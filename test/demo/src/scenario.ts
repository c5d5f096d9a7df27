import { setTimeout as wait } from 'node:timers/promises';
import { type HttpResult, type NodeCounters, WeirCluster } from '@weir/lab';
import { countConnections } from './count-connections.js';
import { pictureOf } from './picture.js';
import { type Report, sentenceOf } from './report.js';

const REQUESTS = 300;
const REQUESTS_PER_SECOND = 100;
/** Load is watched for this long after things are said to be well again, in ms. */
const QUIET_MS = 1500;

/** Brings the cluster up and shows what it does. The caller disposes of it. */
export async function playScenario(report: Report): Promise<WeirCluster> {
  report.step(
    'The cluster comes up',
    'One client, one FRR router, three Weir nodes, three nginx backends, in network namespaces.',
  );
  const startedMs = performance.now();
  const weir = await WeirCluster.start({ nodes: 3, backends: 3, holdSeconds: 3 });
  try {
    report.saw(pictureOf(weir.cluster));
    report.saw(`up in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`, {
      ms: Math.round(performance.now() - startedMs),
    });
    await showRouter(weir, report);
    await showSpread(weir, report);
    await removeBackend(weir, report);
    await killNode(weir, report);
    await stopNode(weir, report);
    await countConnections(weir, report);
    return weir;
  } catch (error) {
    await weir[Symbol.asyncDispose]();
    throw error;
  }
}

async function showRouter(weir: WeirCluster, report: Report): Promise<void> {
  report.step('What the router sees', 'show bgp summary, show ip route, show ipv6 route');
  const sessions = await weir.router.bgpSummary();
  report.table('BGP sessions', {
    head: ['neighbour', 'family', 'AS', 'state', 'prefixes'],
    rows: sessions.map(({ address, family, remoteAs, state, prefixesReceived }) => [
      address,
      family,
      remoteAs,
      state,
      prefixesReceived,
    ]),
  });
  const routes = (await weir.router.routes()).filter(({ protocol }) => protocol === 'bgp');
  report.table('Routes to the VIPs', {
    head: ['prefix', 'next hops'],
    rows: routes.map(({ prefix, nextHops }) => [
      prefix,
      nextHops.map(({ address, interface: name }) => address ?? name).join(', '),
    ]),
  });
  report.check(
    routes.length === 2 && routes.every(({ nextHops }) => nextHops.length === 3),
    'both VIPs have three next hops',
  );
}

async function showSpread(weir: WeirCluster, report: Report): Promise<void> {
  report.step(`${REQUESTS} requests`, 'Half to each VIP, each over a connection of its own.');
  const { vip } = weir.cluster;
  const before = await countersOf(weir);
  const results = await Promise.all([requestFrom(weir, vip.ipv4), requestFrom(weir, vip.ipv6)]);
  const after = await countersOf(weir);
  report.table('Answers by backend', {
    head: ['backend', vip.ipv4, vip.ipv6],
    rows: weir.cluster.backends.map(({ name }) => [name, ...results.map(({ backends }) => backends[name] ?? 0)]),
  });
  report.table('Packets by node', {
    head: ['node', 'packets', ...weir.cluster.backends.map(({ name }) => `to ${name}`)],
    rows: weir.nodes.map(({ host }, i) => {
      const perBackend = weir.cluster.backends.map(
        ({ ipv4, ipv6 }) => packetsTo(after[i], ipv4, ipv6) - packetsTo(before[i], ipv4, ipv6),
      );
      return [host.name, perBackend.reduce((sum, count) => sum + count, 0), ...perBackend];
    }),
  });
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  report.check(failed === 0, `${REQUESTS} requests, ${failed} failed`, { requests: REQUESTS, failed });
  report.check(
    results.every(({ backends }) => Object.keys(backends).length === 3),
    'every backend answered, over both families',
  );
  report.check(
    weir.nodes.every((_, i) => packets(after[i]) > packets(before[i])),
    'every node forwarded',
  );
}

async function removeBackend(weir: WeirCluster, report: Report): Promise<void> {
  const gone = weir.cluster.backends[2];
  if (gone === undefined) return;
  report.step(
    `${gone.name} is taken out of weir.yaml`,
    'On all nodes; the daemons notice, and only rows that must move do.',
  );
  await weir.configure(
    weir.services.map((service) => ({
      ...service,
      backends: service.backends.filter(({ name }) => name !== gone.name),
    })),
  );
  const { line } = tablesChanged(weir);
  report.saw(`node1: ${line}`);
  const result = await requestFrom(weir, weir.cluster.vip.ipv4);
  report.saw(`then: ${sentenceOf(result)}; by backend ${JSON.stringify(result.backends)}`, { ...result });
  report.check(
    result.failed === 0 && result.backends[gone.name] === undefined,
    `no request failed, none reached ${gone.name}`,
  );
}

async function killNode(weir: WeirCluster, report: Report): Promise<void> {
  const { vip } = weir.cluster;
  report.step(
    'node2 dies',
    'Its cable is pulled and its processes get SIGKILL: the router is told nothing and has to wait for the hold time, 3 s.',
  );
  const load = weir.load({ url: weir.url(vip.ipv4), requestsPerSecond: REQUESTS_PER_SECOND });
  await load.nextResult();
  const diedMs = performance.now();
  await weir.lab.host('node2').crash();
  await weir.waitForRoutes(vip.ipv4, 2);
  const goneMs = Math.round(performance.now() - diedMs);
  report.saw(`the router took ${(goneMs / 1000).toFixed(1)} s to withdraw its routes`, { withdrawnAfterMs: goneMs });
  // What was sent before is not judged: it is let end first.
  await settle(load);
  const during = load.take();
  report.saw(`until then: ${sentenceOf(during)}`, { ...during });
  await wait(QUIET_MS);
  const after = await load.stop();
  report.saw(`afterwards: ${sentenceOf(after)}`, { ...after });
  report.check(
    after.failed === 0 && after.requests > 0,
    'after the hold time traffic goes on over two nodes, and nothing fails',
    { ...after },
  );
}

async function stopNode(weir: WeirCluster, report: Report): Promise<void> {
  const { vip } = weir.cluster;
  report.step('node3 is stopped', 'SIGTERM: it withdraws, forwards while the router takes note, then ends.');
  const load = weir.load({ url: weir.url(vip.ipv4), requestsPerSecond: REQUESTS_PER_SECOND });
  await load.nextResult();
  const node3 = weir.nodes[2];
  const end = await node3?.process.stop('SIGTERM', 20_000);
  report.saw(`node3 ended with exit code ${end?.code}; the router has ${await weir.routesTo(vip.ipv4)} next hop`, {
    ...end,
  });
  await wait(QUIET_MS);
  const result = await load.stop();
  report.saw(sentenceOf(result), { ...result });
  report.check(result.failed === 0, 'no request was lost', { ...result });
}

/** Half of the requests, to one VIP. */
function requestFrom(weir: WeirCluster, vip: string): Promise<HttpResult> {
  return weir.request({ url: weir.url(vip), requestsPerSecond: REQUESTS_PER_SECOND, requests: REQUESTS / 2 });
}

/** Waits as long as a request may take, so that what is under way has ended. */
async function settle(load: { nextResult(): Promise<void> }): Promise<void> {
  await wait(5000);
  await load.nextResult();
}

function tablesChanged(weir: WeirCluster): { line: string } {
  const line = weir.nodes[0]?.process.lines.findLast((text) => text.includes('"msg":"tables changed"')) ?? '{}';
  const { rowsMoved, rowsWritten, backendsRemoved } = JSON.parse(line) as Record<string, number>;
  return { line: `${backendsRemoved} backends removed, ${rowsMoved} of 131,074 rows moved, ${rowsWritten} written` };
}

function countersOf(weir: WeirCluster): Promise<NodeCounters[]> {
  return Promise.all(weir.nodes.map((node) => node.counters()));
}

function packets(counters: NodeCounters | undefined): number {
  return (counters?.services ?? []).reduce((sum, service) => sum + service.packets, 0);
}

function packetsTo(counters: NodeCounters | undefined, ...addresses: readonly string[]): number {
  const backends = (counters?.services ?? []).flatMap((service) => service.backends);
  return backends
    .filter(({ address }) => addresses.includes(address))
    .reduce((sum, { packets: count }) => sum + count, 0);
}
