import { setTimeout as wait } from 'node:timers/promises';
import { type HttpResult, tcpRetransmissions, WeirCluster, type WeirNode } from '@weir/lab';
import test, { type ExecutionContext } from 'ava';
import { testAsRoot } from './test-as-root.js';

const REQUESTS_PER_SECOND = 150;
/** Longer than a SYN that was lost takes to be sent again. */
const OBSERVED_MS = 1500;

let weir: WeirCluster;

test.before(async () => {
  if (process.getuid?.() === 0) weir = await WeirCluster.start({ nodes: 3, backends: 3 });
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

function nodeOf(name: string): WeirNode {
  const node = weir.nodes.find(({ host }) => host.name === name);
  if (node === undefined) throw new Error(`no ${name}`);
  return node;
}

/** Load on the IPv4 VIP while something happens, and a while longer. */
async function underLoad(t: ExecutionContext, happens: () => Promise<void>): Promise<HttpResult> {
  const load = weir.load({ url: weir.url(weir.cluster.vip.ipv4), requestsPerSecond: REQUESTS_PER_SECOND });
  await load.nextResult();
  await happens();
  await wait(OBSERVED_MS);
  await load.nextResults(REQUESTS_PER_SECOND);
  const result = await load.stop();
  t.log(`${result.requests} requests, ${result.failed} failed, the slowest took ${result.slowestMs} ms`);
  return result;
}

testAsRoot('a daemon that is killed and started again drops no packet: nothing is even sent twice', async (t) => {
  const node1 = nodeOf('node1');
  const client = weir.lab.host('client');
  const before = await tcpRetransmissions(client);
  const result = await underLoad(t, async () => {
    await node1.process.stop('SIGKILL');
    t.is(await weir.routesTo(weir.cluster.vip.ipv4), 3, 'gobgpd goes on announcing');
    await node1.start();
  });
  t.like(result, { failed: 0, errors: {} });
  t.true(result.requests > REQUESTS_PER_SECOND);
  t.is(await tcpRetransmissions(client), before);
  const lines = node1.process.lines.join('\n');
  t.regex(lines, /"msg":"tables taken over"/);
  t.regex(lines, /"adopted":true,"msg":"XDP runs in native mode on lan"/);
  t.regex(lines, /"msg":"took over the gobgpd that was running"/);
  t.notRegex(lines, /"msg":"tables changed"/);
});

testAsRoot('a node that is stopped loses no request: withdrawn first, then drained', async (t) => {
  const node3 = nodeOf('node3');
  const result = await underLoad(t, async () => {
    const end = await node3.process.stop('SIGTERM', 20_000);
    t.deepEqual(end, { code: 0, signal: null });
    await weir.waitForRoutes(weir.cluster.vip.ipv4, 2);
  });
  t.like(result, { failed: 0, errors: {} });
  const messages = node3.process.lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  const orderOf = (text: string) => messages.findIndex((message) => message.startsWith(text));
  t.true(orderOf('withdrew 198.51.100.10/32') < orderOf('withdrawn; forwarding goes on'));
  t.true(orderOf('withdrawn; forwarding goes on') < orderOf('left;'));
});

testAsRoot('a node that comes back takes part again, and no request fails', async (t) => {
  const result = await underLoad(t, async () => {
    await nodeOf('node3').start();
    await weir.waitForRoutes(weir.cluster.vip.ipv4, 3);
  });
  t.like(result, { failed: 0, errors: {} });
});

testAsRoot('a node that is restarted by SIGTERM loses no request', async (t) => {
  const node1 = nodeOf('node1');
  const result = await underLoad(t, async () => {
    await node1.process.stop('SIGTERM', 20_000);
    await node1.start();
    await weir.waitForRoutes(weir.cluster.vip.ipv4, 3);
  });
  t.like(result, { failed: 0, errors: {} });
});
