import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type FlowStore, openPresence, openRedisStore } from '@weir/state-sync';
import test, { type ExecutionContext } from 'ava';
import type { SharingReport } from './sharing-report.js';
import { configFile, directory, run, startDaemon, UNTIL_THE_TEST_ENDS } from './test-support/daemon.js';
import { eventually } from './test-support/eventually.js';
import { enterPrivateNetwork, isRoot } from './test-support/private-network.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: namespaces and BPF need root\n');
test.before(() => {
  if (isRoot) enterPrivateNetwork();
});
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

const PASSWORD = 'correct horse';

function document(state: string, engine = 'xdp'): string {
  return `node: { name: lb1, interfaces: [eth0], address: 10.0.0.11, localAddresses: [10.0.0.111] }
dataplane: { engine: ${engine}, pinDirectory: /sys/fs/bpf/lb1, maxServices: 4, maxBackends: 16, maxFlows: 4096, tableRows: 251 }
runtimeDirectory: ${directory}/run
shutdown: { drain: 10ms }
nodes: { members: [ { name: lb1, address: 10.0.0.11 }, { name: lb2, address: 10.0.0.12, localAddresses: [10.0.0.112] } ] }
state: ${state}
services:
  - { name: web, method: fullnat, vip: 198.51.100.10, port: 80, backends: [ { address: 10.0.0.21 } ] }
`;
}

function documentWithRedis(): string {
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, `${PASSWORD}\n`);
  return document(`{ store: redis, redis: { addresses: ["127.0.0.1:16379"], passwordFile: ${passwordFile} } }`);
}

/** Resolves when it listens. */
async function startRedis(t: ExecutionContext): Promise<ChildProcess> {
  const options = [
    '--port',
    '16379',
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--requirepass',
    PASSWORD,
    '--dir',
    directory,
  ];
  const server = spawn('setpriv', [...UNTIL_THE_TEST_ENDS, 'redis-server', ...options], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(server, 'exit');
  t.teardown(async () => {
    server.kill('SIGKILL');
    // The next one listens on the same port.
    await ended;
  });
  const listens = new Promise<void>((resolve) => {
    createInterface({ input: server.stdout }).on('line', (line) => line.includes('Ready to accept') && resolve());
  });
  const hasEnded = ended.then(() => Promise.reject(new Error('redis-server ended')));
  hasEnded.catch(() => {});
  await Promise.race([listens, hasEnded]);
  return server;
}

/** A daemon whose store is slow to answer counts its life later than it is ready. */
function eventuallyHeld(store: FlowStore, names: readonly string[], wanted: readonly boolean[]): Promise<true> {
  return eventually(`${names.join()} to be held: ${wanted.join()}`, async () =>
    (await store.held(names)).join() === wanted.join() ? true : undefined,
  );
}

const reportOf = (file: string) =>
  (JSON.parse(run('--config', file, 'counters', '--json').stdout) as { readonly sharing?: SharingReport }).sharing;

for (const engine of ['xdp', 'portable']) {
  testAsRoot(`a node with the engine ${engine} and a store of its own says what it has shared`, async (t) => {
    const { file } = await startDaemon(t, document('{ store: memory }', engine));
    t.regex(run('--config', file, 'counters').stdout, /^Store of flows: memory, available\n/m);
    t.like(reportOf(file), { store: { told: 0 }, takeover: { lookups: 0 }, dataplane: { missed: 0 } });
  });
}

testAsRoot('without its daemon, what was shared is not counted', async (t) => {
  const { file, stop } = await startDaemon(t, document('{ store: memory }'));
  t.is(await stop(), 0);
  t.is(reportOf(file), undefined);
  t.is(run('--config', file, 'counters').status, 0);
});

testAsRoot('a node starts without its Redis, and tells once that it is gone and once that it is there', async (t) => {
  const { file, log, next } = await startDaemon(t, documentWithRedis());
  t.regex(run('--config', file, 'counters').stdout, /^Store of flows: redis, gone: .*ECONNREFUSED/m);
  const back = next(/Redis at 127\.0\.0\.1:16379 is back/);
  const server = await startRedis(t);
  await back;
  await eventually('the store to be available', async () => reportOf(file)?.store.isAvailable || undefined);
  const gone = next(/Redis at 127\.0\.0\.1:16379 can't be reached/);
  server.kill('SIGKILL');
  await gone;
  // One that stands still for long is lost, too, and told to be back.
  const told = log().match(/can't be reached|is back after/g) ?? [];
  t.true(told.length >= 3);
  for (const [i, words] of told.entries()) t.is(words, i % 2 === 0 ? "can't be reached" : 'is back after');
});

testAsRoot(
  'a node whose ids in Redis can be guessed warns of it once at start, and one with a seed does not',
  async (t) => {
    const guessable = await startDaemon(t, documentWithRedis());
    t.is(guessable.log().match(/"level":"?(40|warn)"?.*dataplane\.hashSeed is 0/g)?.length, 1);
    t.is(await guessable.stop(), 0);
    const { log } = await startDaemon(t, documentWithRedis().replace('dataplane: {', 'dataplane: { hashSeed: "0x1f",'));
    t.notRegex(log(), /hashSeed/);
  },
);

testAsRoot('a node that is gone from the store is gone from the table, and back when it is', async (t) => {
  await startRedis(t);
  const { next } = await startDaemon(t, documentWithRedis());
  const store = openRedisStore({ mode: 'single', addresses: ['127.0.0.1:16379'], password: PASSWORD });
  t.teardown(() => store[Symbol.asyncDispose]());
  for (const [seen, gone] of [
    [/node lb2 is there/, /node lb2 is gone/],
    [/node lb2 is there/, /node lb2 is gone/],
  ] as const) {
    // Both before, since a node that stands still for long is gone before it has ended.
    const [coming, going] = [next(seen), next(gone)];
    const presence = openPresence({ store, nodeName: 'lb2', others: () => [], onChange() {} });
    await coming;
    await presence[Symbol.asyncDispose]();
    t.regex(await going, gone);
  }
});

testAsRoot('a life of a node leaves it to the next which ports were used last', async (t) => {
  await startRedis(t);
  const first = await startDaemon(t, documentWithRedis());
  const store = openRedisStore({ mode: 'single', addresses: ['127.0.0.1:16379'], password: PASSWORD });
  t.teardown(() => store[Symbol.asyncDispose]());
  await eventually('a connection', async () => store.isAvailable || undefined);
  const names = [0, 1, 2, 3].map((life) => `ports/lb1/${life}`);
  await eventuallyHeld(store, names, [true, false, false, false]);
  t.is(await first.stop(), 0);
  t.is(run('--config', first.file, 'detach').status, 0);
  await startDaemon(t, documentWithRedis());
  await eventuallyHeld(store, names, [false, true, false, false]);
  t.pass();
});

testAsRoot('a daemon that takes the flow table over goes on with the ports of that life', async (t) => {
  await startRedis(t);
  const first = await startDaemon(t, documentWithRedis());
  const store = openRedisStore({ mode: 'single', addresses: ['127.0.0.1:16379'], password: PASSWORD });
  t.teardown(() => store[Symbol.asyncDispose]());
  await eventually('a connection', async () => store.isAvailable || undefined);
  const names = ['ports/lb1/0', 'ports/lb1/1'];
  await eventuallyHeld(store, names, [true, false]);
  t.is(await first.stop(), 0);
  await startDaemon(t, documentWithRedis());
  t.deepEqual(await store.held(names), [true, false]);
});

testAsRoot('a password file that is not there ends the daemon with 78 and its key', (t) => {
  const file = configFile(documentWithRedis().replace('/password', '/no-password'));
  const { status, stderr } = run('--config', file);
  t.is(status, 78, stderr);
  t.regex(stderr, /state\.redis\.passwordFile: .*no-password.* ENOENT/);
});
