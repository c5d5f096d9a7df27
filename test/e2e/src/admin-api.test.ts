import { join } from 'node:path';
import { type ClientReadableStream, credentials, type ServiceError, status } from '@grpc/grpc-js';
import {
  BgpClient,
  decodeDetails,
  type GetServerInfoResponse,
  Override,
  ServerClient,
  type Snapshot,
  StatsClient,
  type StreamStatsResponse,
} from '@weir/admin-api';
import { bgpPaths, WeirCluster, type WeirNode, waitUntil } from '@weir/lab';
import type { ExecutionContext } from 'ava';
import { answer } from './grpc-answer.js';
import { testAsRoot } from './test-as-root.js';

const REQUESTS = 20;
const SEED = 1_234_567_891;

/** Why a call failed. @throws when it did not */
async function errorOf(call: Promise<unknown>): Promise<ServiceError> {
  return call.then(
    () => Promise.reject(new Error('the call succeeded')),
    (error: ServiceError) => error,
  );
}

/** Clients of a node, at its Unix socket: the namespaces of a lab share one file system. */
function clientsOf(t: ExecutionContext, { document }: WeirNode) {
  const address = `unix:${join(String(document.runtimeDirectory), 'admin.sock')}`;
  const clients = {
    server: new ServerClient(address, credentials.createInsecure()),
    bgp: new BgpClient(address, credentials.createInsecure()),
    stats: new StatsClient(address, credentials.createInsecure()),
  };
  t.teardown(() => {
    for (const client of Object.values(clients)) client.close();
  });
  return clients;
}

/** The second answer of a stream, and with it the time between two. */
function twoOf(stream: ClientReadableStream<StreamStatsResponse>): Promise<readonly Snapshot[]> {
  const seen: Snapshot[] = [];
  return new Promise((resolve, reject) => {
    stream.on('error', reject).on('data', ({ snapshot }: StreamStatsResponse) => {
      if (snapshot !== undefined) seen.push(snapshot);
      if (seen.length === 2) resolve(seen);
    });
  });
}

async function startOneNode(t: ExecutionContext, engine: 'xdp' | 'portable'): Promise<WeirCluster> {
  const bgp = { announce: { communities: ['64500:100'] } };
  const weir = await WeirCluster.start({
    nodes: 1,
    backends: 2,
    nodeOptions: { engine, bgp, dataplane: { hashSeed: SEED } },
  });
  t.teardown(() => weir[Symbol.asyncDispose]());
  return weir;
}

for (const engine of ['xdp', 'portable'] as const) {
  testAsRoot(`a node with the engine ${engine} answers what it is, what it counts and what it announces`, async (t) => {
    const weir = await startOneNode(t, engine);
    const [node] = weir.nodes as [WeirNode];
    const { server, bgp, stats } = clientsOf(t, node);
    const { ipv4: vip } = weir.cluster.vip;
    const router = weir.cluster.router.ipv4;

    const info = await infoOf(server);
    t.like(info, { node: node.host.name, engine, role: 'admin', services: 2, backends: 4, backendsUsable: 4 });
    t.true(info.interfaces.length > 0);
    t.deepEqual(info.troubles, []);

    const { peers } = await answer<{ peers: { address: string; state: string }[] }>((done) => bgp.listPeers({}, done));
    t.deepEqual(
      peers.map(({ address, state }) => ({ address, state })),
      [{ address: router, state: 'established' }],
    );

    await weir.request({ url: weir.url(vip), requestsPerSecond: 100, requests: REQUESTS });
    const { snapshot } = await answer<{ snapshot?: Snapshot | undefined }>((done) =>
      stats.getStats({ services: ['web'] }, done),
    );
    const [web] = snapshot?.services ?? [];
    t.is(snapshot?.services.length, 1);
    t.true((web?.traffic?.packets ?? 0n) >= BigInt(REQUESTS), `${web?.traffic?.packets} packets`);
    t.is(
      web?.traffic?.packets,
      web?.backends.reduce((sum, { traffic }) => sum + (traffic?.packets ?? 0n), 0n),
    );
    const stream = stats.streamStats({ services: [], interval: { seconds: 0n, nanos: 200_000_000 } });
    const [first, second] = await twoOf(stream);
    stream.cancel();
    t.true(Number(second?.time) > Number(first?.time));
    t.is(first?.services.length, 2);
  });
}

function infoOf(server: ServerClient): Promise<GetServerInfoResponse> {
  return answer((done) => server.getServerInfo({}, done));
}

testAsRoot('an override withdraws a VIP, says why, and is in the log; it is taken back in the same way', async (t) => {
  const weir = await startOneNode(t, 'xdp');
  const [node] = weir.nodes as [WeirNode];
  const { server, bgp } = clientsOf(t, node);
  const { ipv4: vip } = weir.cluster.vip;
  type Answer = { route?: { isAnnounced: boolean; reason: string; override: Override } | undefined };
  const override = (wish: Override, of = vip) =>
    answer<Answer>((done) => bgp.setOverride({ vip: of, override: wish }, done));

  const { routes } = await answer<{
    routes: { prefix: string; isAnnounced: boolean; communities: string[]; services: string[] }[];
  }>((done) => bgp.listRoutes({}, done));
  t.like(
    routes.find(({ prefix }) => prefix === `${vip}/32`),
    { isAnnounced: true, communities: ['64500:100'], services: ['web'] },
  );

  const off = await override(Override.OFF);
  t.like(off.route, { isAnnounced: false, override: Override.OFF });
  t.regex(off.route?.reason ?? '', /an operator turned it off/);
  await waitUntil('the router to lose the route', async () =>
    (await bgpPaths(weir.router, `${vip}/32`)).length === 0 ? true : undefined,
  );
  const { troubles } = await infoOf(server);
  t.true(
    troubles.some((trouble) => trouble.includes(vip)),
    troubles.join('\n'),
  );
  await node.process.waitForLine(/"event":"audit".*SetOverride.*"before":"auto","after":"off"/);

  t.like((await override(Override.AUTO)).route, { override: Override.AUTO });
  await weir.waitForRoutes(vip, 1);

  const unknown = await errorOf(override(Override.OFF, '203.0.113.99'));
  t.is(unknown.code, status.NOT_FOUND);
  const wrong = await errorOf(override(Override.OFF, 'nonsense'));
  t.is(decodeDetails(wrong.metadata).fieldViolations[0]?.field, 'vip');
});

testAsRoot('the configuration in force is told without its secrets, and the log level is changed', async (t) => {
  const weir = await startOneNode(t, 'portable');
  const [node] = weir.nodes as [WeirNode];
  const { server } = clientsOf(t, node);
  const told = await answer<{ yaml: string; file: string }>((done) => server.getConfig({}, done));
  t.is(told.file, node.configFile);
  t.regex(told.yaml, /name: web\b/);
  t.regex(told.yaml, /hashSeed: \(secret\)/);
  t.false(told.yaml.includes(String(SEED)));

  await answer((done) => server.setLogLevel({ level: 'debug' }, done));
  t.is((await infoOf(server)).logLevel, 'debug');
  const error = await errorOf(answer((done) => server.setLogLevel({ level: 'loud' }, done)));
  t.is(error.code, status.INVALID_ARGUMENT);

  // The level that was set outlives a change of other things, until the file has another one.
  const { document } = node;
  const change = async (more: object) => {
    const changed = node.process.waitForLine(/configuration in force/, { after: node.process.lines.length });
    node.write({ ...document, services: document.services.slice(0, 1), ...more });
    await changed;
  };
  await change({});
  const after = await answer<{ yaml: string }>((done) => server.getConfig({}, done));
  t.false(after.yaml.includes('web6'));
  t.is((await infoOf(server)).logLevel, 'debug');
  await change({ log: { level: 'trace' } });
  t.is((await infoOf(server)).logLevel, 'trace');
});
