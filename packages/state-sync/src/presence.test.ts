import { setTimeout as wait } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { FlowStore } from './flow-store.js';
import { MemoryStore } from './memory-store.js';
import { openPresence, type Presence, type PresenceChange } from './presence.js';
import { openRedisStore } from './redis-store.js';
import { eventually, RedisServer } from './test-support/index.js';

/** How long a store has to answer before anybody is believed to be gone. */
const GRACE_MS = 3_000;

interface Node {
  readonly store: FlowStore;
  readonly presence: Presence;
  readonly changes: PresenceChange[];
}

async function startPair(t: ExecutionContext, server: RedisServer): Promise<[Node, Node]> {
  const start = async (nodeName: string, other: string): Promise<Node> => {
    const store = openRedisStore({ mode: 'single', addresses: [server.socket] });
    t.teardown(() => store[Symbol.asyncDispose]());
    await eventually('a connection', () => store.isAvailable);
    const changes: PresenceChange[] = [];
    const onChange = (change: PresenceChange) => changes.push(change);
    const presence = openPresence({ store, nodeName, others: () => [nodeName, other], onChange });
    t.teardown(() => presence[Symbol.asyncDispose]());
    return { store, presence, changes };
  };
  const pair: [Node, Node] = [await start('a', 'b'), await start('b', 'a')];
  for (const { changes } of pair) await eventually('the other one to come', () => changes.length === 1);
  return pair;
}

async function startServer(t: ExecutionContext): Promise<RedisServer> {
  const server = await RedisServer.start();
  t.teardown(() => server[Symbol.asyncDispose]());
  return server;
}

test('a node that dies without a word is gone once its name has expired', async (t) => {
  const [a, b] = await startPair(t, await startServer(t));
  await eventually('a to be sure of b', () => a.presence.isPresent('b'));
  await b.store[Symbol.asyncDispose]();
  await eventually('its name to expire', async () => !(await a.store.held(['b']))[0]);
  await eventually('b to go', () => a.changes.length === 2);
  t.deepEqual(a.changes[1], { nodeName: 'b', isPresent: false });
});

test('a Redis that was away, and forgot all names, makes nobody think that others are gone', async (t) => {
  const server = await startServer(t);
  const [a, b] = await startPair(t, server);
  await eventually('a to be sure of b', () => a.presence.isPresent('b'));
  await server.kill();
  await eventually('a to doubt', () => a.presence.isPresent('b') === undefined);
  await server.restart();
  await eventually('a to be sure of b again', () => a.presence.isPresent('b'));
  t.is(a.changes.length, 1);
  t.is(b.changes.length, 1);
});

test('a Redis that stood still for longer than names last makes nobody think that others are gone', async (t) => {
  const server = await startServer(t);
  const [a, b] = await startPair(t, server);
  await eventually('a to be sure of b', () => a.presence.isPresent('b'));
  for (const stillMs of [500, 900, 1_200]) {
    server.signal('SIGSTOP');
    await wait(stillMs);
    server.signal('SIGCONT');
    await eventually('a to be sure of b again', () => a.presence.isPresent('b'));
  }
  t.is(a.changes.length, 1);
  t.is(b.changes.length, 1);
});

test('a node that died while Redis was away is gone once Redis has answered for a while', async (t) => {
  const server = await startServer(t);
  const [a, b] = await startPair(t, server);
  await server.kill();
  await b.store[Symbol.asyncDispose]();
  let backMs: number | undefined;
  // Not when the server answers this test: a may have its connection before.
  a.store.onAvailability((isAvailable) => {
    if (isAvailable) backMs ??= performance.now();
  });
  await server.restart();
  await eventually('b to go', () => a.changes.length === 2);
  if (backMs === undefined) return t.fail('b went while Redis was away');
  t.true(performance.now() - backMs >= GRACE_MS - 100, `${performance.now() - backMs} ms`);
  return undefined;
});

for (const slow of ['held', 'hold'] as const) {
  test(`a store whose ${slow}() is slow to answer makes nobody think that others are gone`, async (t) => {
    const delayMs = { held: 0, hold: 0 };
    let rounds = 0;
    class SlowStore extends MemoryStore {
      override async held(names: readonly string[]): Promise<readonly boolean[]> {
        await wait(delayMs.held);
        rounds++;
        return super.held(names);
      }

      override async hold(name: string, ttlMs: number): Promise<void> {
        await wait(delayMs.hold);
        return super.hold(name, ttlMs);
      }
    }
    const store = new SlowStore();
    await store.hold('b', 60_000);
    const changes: PresenceChange[] = [];
    const a = openPresence({ store, nodeName: 'a', others: () => ['b'], onChange: (change) => changes.push(change) });
    t.teardown(() => a[Symbol.asyncDispose]());
    await eventually('a to be sure of b', () => a.isPresent('b'));
    delayMs[slow] = 200;
    // One may be under way that is not slow.
    const rounded = rounds + 1;
    await eventually('a slow round', () => rounds > rounded);
    await store.release('b');
    await eventually('some slow rounds', () => rounds > rounded + 3);
    t.is(changes.length, 1);
    delayMs[slow] = 0;
    await eventually('b to go', () => changes.length === 2);
  });
}
