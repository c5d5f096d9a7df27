import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type { HealthCheck } from './health-check.js';
import { type CheckedBackend, type HealthChange, HealthMonitor } from './health-monitor.js';
import { listening } from './test-support/listening.js';

const check: HealthCheck = {
  probe: { kind: 'tcp' },
  intervalMs: 40,
  fastIntervalMs: 20,
  timeoutMs: 1000,
  rise: 2,
  fall: 2,
};

/** Nobody's, and no port that the kernel gives to somebody else meanwhile. */
const DEAD_PORT = 1;

function backend(id: string, port: number, more: Partial<CheckedBackend> = {}): CheckedBackend {
  return { id, target: { address: '127.0.0.1', port }, check, initially: 'up', ...more };
}

/** A monitor that ends with the test, and what it tells, to wait for. */
function monitorOf(t: ExecutionContext) {
  const told: HealthChange[][] = [];
  const probed: string[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  const monitor = new HealthMonitor({
    onChange: (changes) => {
      told.push([...changes]);
      wake();
    },
    onProbe: (id) => {
      probed.push(id);
      wake();
    },
  });
  t.teardown(() => monitor[Symbol.asyncDispose]());
  const until = async (isTrue: () => boolean) => {
    while (!isTrue()) await new Promise<void>((resolve) => waiting.add(resolve));
  };
  return { monitor, told, probed, until };
}

function accepting(): Server {
  return createServer((socket) => socket.on('error', () => {}));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a backend that stops listening goes down with the reason, and comes up when it listens again', async (t) => {
  const { monitor, told, until } = monitorOf(t);
  const server = accepting();
  const port = await listening(t, server);
  monitor.set([backend('a', port)]);
  await until(() => [...monitor.statuses()].some(({ goodProbes }) => goodProbes > 0));
  await new Promise((resolve) => server.close(resolve));
  await until(() => told.length === 1);
  t.deepEqual(told[0], [{ id: 'a', verdict: 'down', reason: 'connection refused' }]);
  t.is(monitor.verdict('a')?.verdict, 'down');
  server.listen(port, '127.0.0.1');
  await until(() => told.length === 2);
  t.deepEqual(told[1], [{ id: 'a', verdict: 'up', reason: 'connected' }]);
});

test('a backend begins as its caller says, until answers say otherwise', async (t) => {
  const { monitor, told, until } = monitorOf(t);
  const port = await listening(t, accepting());
  monitor.set([backend('known', port), backend('new', port, { initially: 'down' })]);
  t.is(monitor.verdict('known')?.verdict, 'up');
  t.is(monitor.verdict('new')?.verdict, 'down');
  t.is(monitor.verdict('new')?.reason, 'not probed yet');
  await until(() => told.length === 1);
  t.deepEqual(told[0], [{ id: 'new', verdict: 'up', reason: 'connected' }]);
});

test('setting the same backends again disturbs nothing; one that is left out is probed no more', async (t) => {
  const { monitor, told, probed, until } = monitorOf(t);
  const alive = await listening(t, accepting());
  monitor.set([backend('dead', DEAD_PORT), backend('alive', alive)]);
  await until(() => told.length === 1);
  const before = monitor.verdict('dead');
  monitor.set([backend('dead', DEAD_PORT)]);
  t.is(monitor.verdict('dead')?.verdict, 'down');
  t.is(monitor.verdict('dead')?.reason, before?.reason);
  t.is(monitor.verdict('alive'), undefined);
  const seen = probed.length;
  await until(() => probed.length >= seen + 4);
  t.false(probed.slice(seen).includes('alive'));
});

test('a changed check keeps the verdict, a changed address does not', async (t) => {
  const { monitor, told, until } = monitorOf(t);
  monitor.set([backend('a', DEAD_PORT)]);
  await until(() => told.length === 1);
  monitor.set([backend('a', DEAD_PORT, { check: { ...check, intervalMs: 50 } })]);
  t.is(monitor.verdict('a')?.verdict, 'down');
  monitor.set([backend('a', await listening(t, accepting()))]);
  t.is(monitor.verdict('a')?.verdict, 'up');
});

test('a backend that changes too often is told as held', async (t) => {
  const { monitor, told, until } = monitorOf(t);
  const port = await freePort();
  const damping = { changes: 1, withinMs: 60_000, holdMs: 60_000 };
  const impatient = { ...check, rise: 1, fall: 1 };
  monitor.set([backend('a', port, { check: impatient, damping })]);
  await until(() => told.length === 1);
  t.is(told[0]?.[0]?.held, undefined);
  const server = accepting();
  server.listen(port, '127.0.0.1');
  await until(() => told.length === 2);
  await new Promise((resolve) => server.close(resolve));
  await until(() => told.length === 3);
  t.like(told[2]?.[0], { verdict: 'down', held: true });
  t.true([...monitor.statuses()][0]?.isHeld);
});

test('a probe out of turn changes no verdict; of a backend that is unknown there is none', async (t) => {
  const { monitor } = monitorOf(t);
  monitor.set([backend('a', DEAD_PORT, { check: { ...check, intervalMs: 60_000, fastIntervalMs: 60_000 } })]);
  t.like(await monitor.probeOnce('a'), { isWell: false, reason: 'connection refused' });
  t.is(monitor.verdict('a')?.verdict, 'up');
  t.is(await monitor.probeOnce('b'), undefined);
});

test('changes of many backends are told together, not one by one', async (t) => {
  const { monitor, told, until } = monitorOf(t);
  const fast = { ...check, fall: 1, intervalMs: 1000, fastIntervalMs: 1 };
  monitor.set(Array.from({ length: 50 }, (_, i) => backend(String(i), DEAD_PORT, { check: fast })));
  await until(() => told.flat().length === 50);
  t.true(told.length < 25, `told ${told.length} times`);
});

test('a monitor that is disposed tells nothing more', async (t) => {
  const { monitor, told, probed } = monitorOf(t);
  monitor.set([backend('a', DEAD_PORT, { check: { ...check, fall: 1, fastIntervalMs: 1 } })]);
  await monitor[Symbol.asyncDispose]();
  t.deepEqual([...monitor.statuses()], []);
  t.deepEqual([told, probed], [[], []]);
});
