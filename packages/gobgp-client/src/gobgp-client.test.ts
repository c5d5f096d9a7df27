import { readFileSync } from 'node:fs';
import anyTest, { type ExecutionContext } from 'ava';
import type { BgpPath } from './bgp-path.js';
import { type BgpPeer, completePeer } from './bgp-peer.js';
import { GobgpClient } from './gobgp-client.js';
import type { PeerStatus } from './peer-status.js';
import {
  eventually,
  receivedRoutes,
  serialInPrivateNetwork,
  startGobgpd,
  type TestGobgpd,
} from './test-support/index.js';

const test = serialInPrivateNetwork(anyTest);
const API_PORT = 50061;

/** Every attribute, and a 32-bit AS number. */
const pathWithAll = (prefix: string, nextHop: string): BgpPath => ({
  prefix,
  nextHop,
  communities: ['64512:100', 'no-export'],
  med: 0,
  localPreference: 200,
  asPath: [64512, 4_200_000_000],
});

test('a gobgpd has no identity until it is given one, then exactly that, and none once it is stopped', async (t) => {
  const { client } = await startGobgpd(t, API_PORT);
  t.is(await client.getBgp(), undefined);
  const identity = { asn: 4_200_000_001, routerId: '10.0.0.11', listenPort: 1790, listenAddresses: ['127.0.0.3'] };
  await client.startBgp(identity, 120_000);
  t.deepEqual(await client.getBgp(), identity);
  await client.stopBgp();
  t.is(await client.getBgp(), undefined);
  const other = { asn: 64512, routerId: '10.0.0.12', listenPort: -1 };
  await client.startBgp(other);
  t.like(await client.getBgp(), other);
});

for (const [family, prefix, nextHop] of [
  ['ipv4', '198.51.100.10/32', '10.0.0.11'],
  ['ipv6', '2001:db8::10/128', 'fd00::11'],
] as const) {
  test(`an ${family} path with every attribute is listed as it was added, changed in place, and gone when deleted`, async (t) => {
    const { client, apiAddress } = await startGobgpd(t, API_PORT);
    await client.startBgp({ asn: 64512, routerId: '10.0.0.11', listenPort: -1 });
    const path = pathWithAll(prefix, nextHop);
    await client.addPath(path);
    t.deepEqual(await client.listOwnPaths(family), [path]);
    t.deepEqual(await client.listOwnPaths(family === 'ipv4' ? 'ipv6' : 'ipv4'), []);
    const [seen, ...others] = receivedRoutes({ apiAddress }, family);
    t.deepEqual(others, []);
    t.like(seen, { prefix, nextHop, med: 0, communities: [0xfc000064, 0xffffff01], asPath: [64512, 4_200_000_000] });

    const bare = { prefix, nextHop };
    await client.addPath(bare);
    t.deepEqual(await client.listOwnPaths(family), [bare]);
    await client.deletePath(bare);
    t.deepEqual(await client.listOwnPaths(family), []);
  });
}

test('a peer is listed with its state until it is deleted', async (t) => {
  const { client } = await startGobgpd(t, API_PORT);
  await client.startBgp({ asn: 64512, routerId: '10.0.0.11', listenPort: -1 });
  await client.addPeer({ address: '127.0.0.9', asn: 65000, passive: true, port: 1790 });
  await client.addPeer({ address: 'fd00::9', asn: 65001, passive: true });
  const peers = (await client.listPeers()).map(({ address, asn }) => `${address} ${asn}`);
  t.deepEqual(peers.sort(), ['127.0.0.9 65000', 'fd00::9 65001']);
  await client.deletePeer('127.0.0.9');
  t.deepEqual(
    (await client.listPeers()).map(({ address }) => address),
    ['fd00::9'],
  );
});

test('the settings of a peer are listed as they were given, before and after an update', async (t) => {
  const { client } = await startGobgpd(t, API_PORT);
  await client.startBgp({ asn: 64512, routerId: '10.0.0.11', listenPort: -1 });
  const every: BgpPeer = {
    address: '127.0.0.9',
    asn: 4_200_000_000,
    port: 1790,
    holdTimeMs: 9_000,
    keepaliveMs: 2_000,
    connectRetryMs: 7_000,
    password: 'secret',
    multihopTtl: 3,
    localAddress: '127.0.0.1',
    passive: true,
    gracefulRestartMs: 120_000,
  };
  await client.addPeer(every);
  t.deepEqual(await client.listPeerSettings(), [completePeer(every)]);
  const bare: BgpPeer = { address: '127.0.0.9', asn: 65000 };
  await client.updatePeer(bare);
  t.deepEqual(await client.listPeerSettings(), [completePeer(bare)]);
  await t.throwsAsync(client.updatePeer({ address: '127.0.0.8', asn: 65000 }), { code: 'GOBGP_REFUSED' });
});

test('a session with a password is established once both sides have the same', async (t) => {
  const password = 'right';
  const there = await startRouter(t, { password, multihopTtl: 2 });
  const here = await startGobgpd(t, API_PORT);
  await here.client.startBgp({ asn: 64512, routerId: '10.0.0.11', listenPort: -1 });
  const router = { ...routerPeer, multihopTtl: 2 };
  const refused = refusedSegments();
  await here.client.addPeer({ ...router, password: 'wrong' });
  await eventually('the kernel to refuse the password', () => refusedSegments() > refused || undefined);
  t.like(await here.client.listPeers(), [{ state: 'active' }]);
  await here.client.updatePeer({ ...router, password });
  const established = ({ client }: TestGobgpd) =>
    firstState(client.watchPeers(AbortSignal.timeout(60_000)), 'established');
  t.like(await Promise.all([established(here), established(there)]), [
    { address: '127.0.0.2' },
    { address: '127.0.0.1' },
  ]);
});

test('watchPeers() sees a session come and go, and fails when gobgpd is killed', async (t) => {
  const { here, there } = await twoPeers(t);
  const events = here.client.watchPeers(new AbortController().signal);
  const up = await firstState(events, 'established');
  t.like(up, { address: '127.0.0.2', asn: 65000 });

  await here.client.addPath(pathWithAll('198.51.100.10/32', '10.0.0.11'));
  const [route] = await eventually('the route to arrive', () => {
    const routes = receivedRoutes(there, 'ipv4');
    return routes.length > 0 ? routes : undefined;
  });
  t.like(route, { prefix: '198.51.100.10/32', asPath: [64512, 64512, 4_200_000_000] });
  const [peer] = await here.client.listPeers();
  t.like(peer, { state: 'established', advertised: 1, accepted: 0 });
  const [advertised] = await here.client.listPaths('ipv4', { of: 'advertised', peer: '127.0.0.2' });
  t.like(advertised, { prefix: '198.51.100.10/32', asPath: [64512, 64512, 4_200_000_000], best: false });
  const [received] = await there.client.listPaths('ipv4', { of: 'received', peer: '127.0.0.1' });
  t.like(received, { prefix: '198.51.100.10/32', peer: '127.0.0.1', best: false });
  const [chosen] = await there.client.listPaths('ipv4');
  t.like(chosen, { prefix: '198.51.100.10/32', nextHop: '10.0.0.11', peer: '127.0.0.1', best: true });
  t.is(chosen?.since.getTime(), (route?.since ?? 0) * 1000);
  t.true((peer?.since?.getTime() ?? Infinity) <= Date.now());
  t.like((await there.client.listPeers())[0], { state: 'established', advertised: 0, accepted: 1 });
  t.deepEqual(await there.client.listOwnPaths('ipv4'), []);

  await there.kill();
  t.not((await events.next()).value?.state, 'established');
  const watched = t.throwsAsync(exhaust(events), { code: 'GOBGP_UNREACHABLE' });
  await here.kill();
  await watched;
});

test('watchPeers() ends in silence when its signal aborts', async (t) => {
  const { here } = await twoPeers(t);
  const controller = new AbortController();
  const events = here.client.watchPeers(controller.signal);
  await firstState(events, 'established');
  controller.abort();
  await exhaust(events);
  t.deepEqual(await here.client.watchPeers(controller.signal).next(), { done: true, value: undefined });
});

test('what gobgpd refuses is told in its own words, with its address', async (t) => {
  const { client } = await startGobgpd(t, API_PORT);
  await t.throwsAsync(client.addPath({ prefix: '198.51.100.10/32', nextHop: '10.0.0.11' }), {
    code: 'GOBGP_REFUSED',
    message: "gobgpd at 127.0.0.1:50061 refuses: bgp server hasn't started yet",
  });
  await client.startBgp({ asn: 64512, routerId: '10.0.0.11', listenPort: -1 });
  await client.addPeer({ address: '127.0.0.9', asn: 65000 });
  await t.throwsAsync(client.addPeer({ address: '127.0.0.9', asn: 65000 }), {
    code: 'GOBGP_REFUSED',
    message: /can't overwrite the existing peer: 127\.0\.0\.9/,
  });
});

test('an address at which nobody answers is named, whatever is asked', async (t) => {
  using client = new GobgpClient('127.0.0.1:9');
  const unreachable = {
    code: 'GOBGP_UNREACHABLE',
    message: 'no gobgpd answers at 127.0.0.1:9; is it running, with --api-hosts 127.0.0.1:9?',
  };
  await t.throwsAsync(client.getBgp(), unreachable);
  await t.throwsAsync(client.listPeers(), unreachable);
  await t.throwsAsync(client.waitUntilReachable(100), unreachable);
  await t.throwsAsync(exhaust(client.watchPeers(new AbortController().signal)), unreachable);
});

test('a client that found nobody reaches a gobgpd that starts later', async (t) => {
  using client = new GobgpClient(`127.0.0.1:${API_PORT}`);
  await t.throwsAsync(client.getBgp(), { code: 'GOBGP_UNREACHABLE' });
  await startGobgpd(t, API_PORT);
  await client.waitUntilReachable(5_000);
  t.is(await client.getBgp(), undefined);
});

/** AS 65000 at 127.0.0.2, as AS 64512 calls it. */
const routerPeer: BgpPeer = { address: '127.0.0.2', asn: 65000, port: 1790, localAddress: '127.0.0.1' };

/** AS 65000 at 127.0.0.2, which waits for AS 64512 at 127.0.0.1 to call. */
async function startRouter(t: ExecutionContext, settings: Partial<BgpPeer> = {}): Promise<TestGobgpd> {
  const router = await startGobgpd(t, API_PORT + 1);
  await router.client.startBgp({ asn: 65000, routerId: '10.0.0.1', listenPort: 1790 });
  await router.client.addPeer({ address: '127.0.0.1', asn: 64512, passive: true, ...settings });
  return router;
}

/** AS 64512 at 127.0.0.1, which calls AS 65000 at 127.0.0.2. */
async function twoPeers(t: ExecutionContext): Promise<{ here: TestGobgpd; there: TestGobgpd }> {
  const here = await startGobgpd(t, API_PORT);
  const there = await startRouter(t);
  await here.client.startBgp({ asn: 64512, routerId: '10.0.0.11', listenPort: -1 });
  await here.client.addPeer(routerPeer);
  return { here, there };
}

/** TCP segments of this network namespace whose MD5 signature was wrong. */
function refusedSegments(): number {
  const [names = [], values = []] = readFileSync('/proc/net/netstat', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf('TCPMD5Failure')]);
}

async function firstState(events: AsyncGenerator<PeerStatus>, wanted: PeerStatus['state']): Promise<PeerStatus> {
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) throw new Error(`the events ended before a peer was ${wanted}`);
    if (value.state === wanted) return value;
  }
}

async function exhaust(events: AsyncGenerator<PeerStatus>): Promise<void> {
  while ((await events.next()).done !== true);
}
