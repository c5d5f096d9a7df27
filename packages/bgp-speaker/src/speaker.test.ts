import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BgpPeer, completePeer, GobgpClient } from '@weir/gobgp-client';
import {
  eventually,
  type ReceivedRoute,
  receivedRoutes,
  serialInPrivateNetwork,
  startGobgpd,
  type TestGobgpd,
} from '@weir/gobgp-client/test-support';
import anyTest, { type ExecutionContext } from 'ava';
import { type BgpSpeaker, type SpeakerOptions, type SpeakerStatus, startSpeaker } from './speaker.js';

const test = serialInPrivateNetwork(anyTest);

const API_PORT = 50061;
const ROUTER_API_PORT = 50062;
const ROUTER_BGP_PORT = 1790;
const vip4 = { prefix: '198.51.100.10/32', communities: ['64512:100'], med: 10, prepend: 1 };
const vip6 = { prefix: '2001:db8::10/128' };
const seen4 = {
  prefix: '198.51.100.10/32',
  nextHop: '10.0.0.11',
  asPath: [64512, 64512],
  communities: [0xfc000064],
  med: 10,
};
const seen6 = { prefix: '2001:db8::10/128', nextHop: 'fd00::11', asPath: [64512] };

test('a peer receives what was set, then only the difference, and nothing once the speaker stopped', async (t) => {
  const router = await startPeer(t);
  const speaker = await start(t, optionsFor(t));
  await speaker.set([vip4, vip6]);
  const [first] = await routesAt(router, 'ipv4', 1);
  t.like(first, seen4);
  t.like((await routesAt(router, 'ipv6', 1))[0], seen6);
  const [session] = (await speaker.status()).peers;
  t.like(session, { address: '127.0.0.2', state: 'established', advertised: 2 });

  const other = { prefix: '198.51.100.11/32' };
  // The same community twice: a list in another order or spelling is no change.
  await speaker.set([{ ...vip4, communities: ['64512:0100', '64512:100'] }, other]);
  const both = await routesAt(router, 'ipv4', 2);
  await routesAt(router, 'ipv6', 0);
  t.deepEqual(
    both.find(({ prefix }) => prefix === vip4.prefix),
    first,
  );
  t.deepEqual((await speaker.status()).announced, [vip4.prefix, other.prefix]);
  t.deepEqual((await speaker.status()).peers[0]?.since, session?.since);

  const { pid } = await runningGobgpd(speaker);
  await speaker.stop({ leaveRunning: false });
  t.false(isAlive(pid));
  await routesAt(router, 'ipv4', 0);
});

test('a gobgpd that is killed comes back with session and routes, though nobody asks for it', async (t) => {
  const router = await startPeer(t);
  const speaker = await start(t, optionsFor(t));
  await speaker.set([vip4]);
  const [first] = await routesAt(router, 'ipv4', 1);
  const before = await runningGobgpd(speaker);
  process.kill(before.pid, 'SIGKILL');
  const again = await eventually('the route to be announced anew', () =>
    receivedRoutes(router, 'ipv4').find(({ since }) => since !== first?.since),
  );
  t.like(again, seen4);
  t.not((await runningGobgpd(speaker)).pid, before.pid);
});

test('what is set while gobgpd is down is announced when it is back', async (t) => {
  const router = await startPeer(t);
  const speaker = await start(t, optionsFor(t));
  const { pid } = await runningGobgpd(speaker);
  process.kill(pid, 'SIGKILL');
  await eventually('the speaker to notice', async () => (await speaker.status()).gobgpd.kind === 'down' || undefined);
  await speaker.set([vip6]);
  t.like((await routesAt(router, 'ipv6', 1))[0], seen6);
});

test('a gobgpd that is stuck is replaced, and gets what it was not told', async (t) => {
  const router = await startPeer(t);
  const speaker = await start(t, optionsFor(t));
  const before = await runningGobgpd(speaker);
  process.kill(before.pid, 'SIGSTOP');
  await speaker.set([vip4]);
  t.like((await routesAt(router, 'ipv4', 1))[0], seen4);
  t.false(isAlive(before.pid));
});

test('a gobgpd that was left running is taken over, and what is not set again is withdrawn then', async (t) => {
  const router = await startPeer(t);
  const options = optionsFor(t);
  const formerLife = await start(t, options);
  await formerLife.set([vip4, vip6]);
  const [first] = await routesAt(router, 'ipv4', 1);
  await routesAt(router, 'ipv6', 1);
  const { pid } = await runningGobgpd(formerLife);
  const [session] = (await formerLife.status()).peers;
  await formerLife.stop({ leaveRunning: true });

  const speaker = await start(t, options);
  t.is((await runningGobgpd(speaker)).pid, pid);
  t.is(receivedRoutes(router, 'ipv6').length, 1);
  await speaker.set([vip4]);
  await routesAt(router, 'ipv6', 0);
  t.deepEqual(receivedRoutes(router, 'ipv4'), [first]);
  t.deepEqual((await speaker.status()).peers[0]?.since, session?.since);
});

test('a gobgpd that was left running gets the peers of today, and peers that stay keep their session', async (t) => {
  const router = await startPeer(t);
  const options = optionsFor(t);
  const gone = { address: '127.0.0.3', asn: 65003 };
  const changed = { address: '127.0.0.4', asn: 65004, multihopTtl: 2 };
  const formerLife = await start(t, { ...options, peers: [...options.peers, gone, changed] });
  await formerLife.set([vip4]);
  const routes = await routesAt(router, 'ipv4', 1);
  const before = await runningGobgpd(formerLife);
  const session = sessionWith('127.0.0.2', await formerLife.status());
  await formerLife.stop({ leaveRunning: true });

  const peers = [
    ...options.peers,
    { ...changed, asn: 65014, holdTimeMs: 9_000, password: 'new', multihopTtl: 3 },
    { address: 'fd00::5', asn: 65005 },
  ];
  const speaker = await start(t, { ...options, peers });
  t.is((await runningGobgpd(speaker)).pid, before.pid);
  t.deepEqual(await peersAt(options), peers.map(completePeer));
  await speaker.set([vip4]);
  t.deepEqual(receivedRoutes(router, 'ipv4'), routes);
  t.deepEqual(sessionWith('127.0.0.2', await speaker.status()), session);

  // The next start of gobgpd has them too.
  process.kill(before.pid, 'SIGKILL');
  await eventually('gobgpd to be back', async () => {
    const { gobgpd } = await speaker.status();
    return (gobgpd.kind === 'running' && gobgpd.pid !== before.pid) || undefined;
  });
  // It answers before it has added all that its configuration names.
  await eventually('all peers', async () => (await peersAt(options)).length >= peers.length || undefined);
  t.deepEqual(await peersAt(options), peers.map(completePeer));
});

for (const [name, change] of [
  ['hold time', { holdTimeMs: 9_000 }],
  ['multihop TTL', { multihopTtl: 7 }],
  ['password', { password: 'new' }],
] as const) {
  test(`a peer that differs in its ${name} alone is updated, also in a gobgpd that somebody else runs`, async (t) => {
    const options = optionsFor(t);
    const [peer] = options.peers as [SpeakerOptions['peers'][0]];
    const external = await startGobgpd(t, API_PORT);
    const other = { address: '127.0.0.9', asn: 65009 };
    await external.client.startBgp({ asn: 64512, routerId: '10.0.0.99', listenPort: -1 });
    await external.client.addPeer(other);
    await external.client.addPeer(peer);
    const wanted = { ...peer, ...change };
    await start(t, { ...options, peers: [wanted], gobgpd: externalAt(external.apiAddress) });
    t.deepEqual(await peersAt(options), [completePeer(wanted), completePeer(other)]);
  });
}

test('a session that waited for the right password begins once the options have it', async (t) => {
  const router = await startPeer(t, { password: 'right' });
  const options = optionsFor(t);
  const withPassword = (password: string) => ({
    ...options,
    peers: options.peers.map((peer) => ({ ...peer, password })),
  });
  const formerLife = await start(t, withPassword('wrong'));
  await formerLife.set([vip4]);
  await formerLife.stop({ leaveRunning: true });
  const speaker = await start(t, withPassword('right'));
  await speaker.set([vip4]);
  t.like((await routesAt(router, 'ipv4', 1))[0], seen4);
});

test('a gobgpd that was left running with another identity is ended, and one with the new identity started', async (t) => {
  const options = optionsFor(t);
  const formerLife = await start(t, options);
  const { pid } = await runningGobgpd(formerLife);
  await formerLife.stop({ leaveRunning: true });
  t.true(isAlive(pid));
  const speaker = await start(t, { ...options, asn: 64513 });
  t.false(isAlive(pid));
  t.not((await runningGobgpd(speaker)).pid, pid);
});

test('a peer that cannot be is refused before anything is started', async (t) => {
  const options = { ...optionsFor(t), peers: [{ address: '10.0.0.1', asn: 65000, holdTimeMs: 100 }] };
  await t.throwsAsync(startSpeaker(options), { code: 'PEER_INVALID', message: /hold time/ });
});

test('a set that cannot be announced changes nothing, and the next one is announced', async (t) => {
  const speaker = await start(t, { ...optionsFor(t), nextHop: { ipv4: '10.0.0.11' } });
  await speaker.set([vip4]);
  await t.throwsAsync(speaker.set([vip6]), { code: 'NEXT_HOP_MISSING' });
  await t.throwsAsync(speaker.set([{ ...vip4, communities: ['gold'] }]), { code: 'PATH_INVALID', message: /"gold"/ });
  t.deepEqual((await speaker.status()).announced, [vip4.prefix]);
  await speaker.set([]);
  t.deepEqual((await speaker.status()).announced, []);
});

test('a gobgpd that somebody else runs gets identity, peers and paths, and goes on when the speaker stops', async (t) => {
  const router = await startPeer(t);
  const external = await startGobgpd(t, API_PORT);
  const speaker = await start(t, { ...optionsFor(t), gobgpd: externalAt(external.apiAddress) });
  await speaker.set([vip4]);
  t.like((await routesAt(router, 'ipv4', 1))[0], seen4);
  await speaker.stop({ leaveRunning: false });
  t.is((await external.client.getBgp())?.asn, 64512);
});

test('a gobgpd that is not installed is named, with the Debian package that has it', async (t) => {
  const options = optionsFor(t, { command: 'no-such-gobgpd' });
  await t.throwsAsync(startSpeaker(options), {
    code: 'GOBGPD_MISSING',
    message: '"no-such-gobgpd" is not installed; the Debian package is gobgpd',
  });
});

test("an API address that another gobgpd has is told in the words of gobgpd's log", async (t) => {
  const other = await startGobgpd(t, API_PORT);
  // With an identity: it would answer like the one that was to be started.
  await other.client.startBgp({ asn: 64512, routerId: '10.0.0.99', listenPort: -1 });
  await t.throwsAsync(startSpeaker(optionsFor(t)), {
    code: 'GOBGPD_FAILED',
    message: /exit code 1; its log \(.*gobgpd\.log\) ends:.*127\.0\.0\.1:50061: bind: address already in use/s,
  });
  t.is((await other.client.getBgp())?.routerId, '10.0.0.99');
});

test("a BGP port that somebody has is told in the words of gobgpd's log", async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(1791, '0.0.0.0', resolve));
  t.teardown(() => server.close());
  await t.throwsAsync(startSpeaker(optionsFor(t, { listenPort: 1791 })), {
    code: 'GOBGPD_FAILED',
    message: /0\.0\.0\.0:1791: bind: address already in use/,
  });
});

test('an external gobgpd that does not answer is named by its address', async (t) => {
  const options = { ...optionsFor(t), gobgpd: externalAt('127.0.0.1:9') };
  await t.throwsAsync(startSpeaker(options), { code: 'GOBGP_UNREACHABLE', message: /127\.0\.0\.1:9/ });
});

test('an external gobgpd with another AS number is left as it is', async (t) => {
  const external = await startGobgpd(t, API_PORT);
  await external.client.startBgp({ asn: 64999, routerId: '10.0.0.99', listenPort: -1 });
  await t.throwsAsync(startSpeaker({ ...optionsFor(t), gobgpd: externalAt(external.apiAddress) }), {
    code: 'GOBGPD_OTHER_ASN',
    message: 'the gobgpd at 127.0.0.1:50061 has AS number 64999, not 64512',
  });
  t.deepEqual(await external.client.listPeers(), []);
});

/** AS 65000 at 127.0.0.2, which waits for AS 64512 to call from 127.0.0.1. */
async function startPeer(t: ExecutionContext, settings: Partial<BgpPeer> = {}): Promise<TestGobgpd> {
  const router = await startGobgpd(t, ROUTER_API_PORT);
  await router.client.startBgp({ asn: 65000, routerId: '10.0.0.1', listenPort: ROUTER_BGP_PORT });
  await router.client.addPeer({ address: '127.0.0.1', asn: 64512, passive: true, ...settings });
  return router;
}

/** Of a speaker with a directory of its own, whose gobgpd ends with the test. */
function optionsFor(t: ExecutionContext, { command = '', listenPort = -1 } = {}): SpeakerOptions {
  const directory = mkdtempSync(join(tmpdir(), 'weir-speaker-'));
  const gobgpd = join(directory, 'gobgpd');
  // It outlives its speaker, but not this process, however that ends.
  writeFileSync(gobgpd, '#!/bin/sh\nexec setpriv --pdeathsig KILL gobgpd "$@"\n', { mode: 0o755 });
  t.teardown(() => rmSync(directory, { recursive: true }));
  return {
    asn: 64512,
    routerId: '10.0.0.11',
    peers: [
      { address: '127.0.0.2', asn: 65000, port: ROUTER_BGP_PORT, localAddress: '127.0.0.1', connectRetryMs: 1_000 },
    ],
    nextHop: { ipv4: '10.0.0.11', ipv6: 'fd00::11' },
    gobgpd: { run: 'child', command: command || gobgpd, apiAddress: `127.0.0.1:${API_PORT}`, directory, listenPort },
    gracefulRestart: { enabled: false, restartTimeMs: 0 },
    logger: { info: () => {}, warn: () => {}, error: () => {} },
  };
}

/** A speaker that stops with the test. */
async function start(t: ExecutionContext, options: SpeakerOptions): Promise<BgpSpeaker> {
  const speaker = await startSpeaker(options);
  t.teardown(() => speaker.stop({ leaveRunning: false }));
  return speaker;
}

function externalAt(apiAddress: string): SpeakerOptions['gobgpd'] {
  return { run: 'external', apiAddress, listenPort: -1 };
}

async function routesAt(router: TestGobgpd, family: 'ipv4' | 'ipv6', count: number): Promise<ReceivedRoute[]> {
  return await eventually(`the peer to have ${count} ${family} routes`, () => {
    const routes = receivedRoutes(router, family);
    return routes.length === count ? routes : undefined;
  });
}

async function runningGobgpd(speaker: BgpSpeaker): Promise<{ pid: number }> {
  const { gobgpd } = await speaker.status();
  if (gobgpd.kind !== 'running' || gobgpd.pid === undefined) throw new Error('expected a gobgpd that runs as a child');
  return { pid: gobgpd.pid };
}

/** The peers that the speaker's gobgpd has, in the order of their addresses; local addresses as they are in use. */
async function peersAt({ gobgpd }: SpeakerOptions): Promise<object[]> {
  using client = new GobgpClient(gobgpd.apiAddress);
  return (await client.listPeerSettings()).sort((a, b) => (a.address < b.address ? -1 : 1));
}

function sessionWith(address: string, { peers }: SpeakerStatus): Date | undefined {
  const session = peers.find((peer) => peer.address === address);
  if (session?.state !== 'established') throw new Error(`expected a session with ${address}`);
  return session.since;
}

/** A zombie is not. */
function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}
