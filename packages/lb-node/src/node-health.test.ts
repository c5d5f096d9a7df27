import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { type NodeConfig, parseNodeConfig } from '@weir/control';
import { createLogger, type Logger } from '@weir/daemon';
import test, { type ExecutionContext } from 'ava';
import { NodeHealth } from './node-health.js';
import { eventually } from './test-support/eventually.js';
import { enterPrivateNetwork, isRoot, sh } from './test-support/private-network.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: namespaces need root\n');
const addresses = ['10.0.0.21', '10.0.0.22', '10.0.0.23'] as const;
test.before(() => {
  if (!isRoot) return;
  enterPrivateNetwork();
  for (const address of addresses) sh(`ip address add ${address}/32 dev lo`);
});

/** The timeout, which is no longer than the interval: first verdicts are waited for that long. */
const check = '{ kind: tcp, interval: 3s, fastInterval: 100ms, timeout: 3s, rise: 2, fall: 2 }';
function configOf(backends: readonly string[], more = `healthCheck: ${check},`): NodeConfig {
  const written = backends.map((address) => `{ address: ${address} }`).join();
  return parseNodeConfig(
    `node: { interfaces: [eth0] }
services: [ { name: web, vip: 198.51.100.10, port: 80, method: nat, ${more} backends: [ ${written} ] } ]`,
    'weir.yaml',
  );
}

/** A backend that serves until the test ends. */
async function serve(t: ExecutionContext, address: string): Promise<Server> {
  const server = createServer((connection) => connection.on('error', () => {})).listen(80, address);
  await once(server, 'listening');
  t.teardown(() => server.close());
  return server;
}

/** The health of a node, what it logs, and who has a weight by it. */
function start(t: ExecutionContext, { awaitsVerdicts = false } = {}) {
  const dataplane = { counters: () => Promise.reject(new Error('nobody is watched')) };
  const lines: string[] = [];
  const say = (_fields: object, text: string) => lines.push(text);
  const silent = createLogger('lb-node', { level: 'fatal', format: 'json' });
  const logger: Logger = Object.assign(Object.create(silent) as Logger, { info: say, warn: say });
  const health = new NodeHealth(['eth0'], { dataplane, logger, onChange: () => {}, awaitsVerdicts });
  t.teardown(() => health[Symbol.asyncDispose]());
  const taking = async (config: NodeConfig) =>
    (await health.follow(config, {})).services[0]?.backends
      .filter(({ weight }) => weight > 0)
      .map(({ address }) => address) ?? [];
  const eventuallyTaking = (config: NodeConfig, wanted: readonly string[]) =>
    eventually(`new flows to go to ${wanted.join()}`, async () => {
      const found = await taking(config);
      return found.join() === wanted.join() ? true : undefined;
    });
  return { health, lines, taking, eventuallyTaking };
}

testAsRoot('what a node finds at its start is up until it proves not to be', async (t) => {
  await serve(t, '10.0.0.21');
  const config = configOf(['10.0.0.21', '10.0.0.22']);
  const { health, lines, taking } = start(t);
  t.deepEqual(await taking(config), ['10.0.0.21', '10.0.0.22']);
  t.is(health.status(), '2 of 2 backends healthy');
  await health.firstVerdicts();
  t.deepEqual(await taking(config), ['10.0.0.21']);
  t.is(health.status(), '1 of 2 backends healthy');
  t.deepEqual(lines, ['backend 10.0.0.22 of web is down: connection refused']);
  t.like(health.report().backends[1], { backend: '10.0.0.22', verdict: 'down', reason: 'connection refused' });
});

testAsRoot('where tables of a former life forward, nothing is said of backends before they were asked', async (t) => {
  await serve(t, '10.0.0.21');
  t.deepEqual(await start(t, { awaitsVerdicts: true }).taking(configOf(['10.0.0.21', '10.0.0.22'])), ['10.0.0.21']);
});

testAsRoot('a backend that comes later takes new flows once it has proved to be up', async (t) => {
  await serve(t, '10.0.0.21');
  await serve(t, '10.0.0.22');
  const { lines, taking, eventuallyTaking } = start(t);
  await taking(configOf(['10.0.0.21']));
  const config = configOf(['10.0.0.21', '10.0.0.22']);
  t.deepEqual(await taking(config), ['10.0.0.21']);
  await eventuallyTaking(config, ['10.0.0.21', '10.0.0.22']);
  t.deepEqual(lines, ['backend 10.0.0.22 of web is up: connected']);
});

testAsRoot(
  'a backend that served without a check goes on when there is one, and until it proves to be down',
  async (t) => {
    const { taking, eventuallyTaking } = start(t);
    t.deepEqual(await taking(configOf(['10.0.0.21'], '')), ['10.0.0.21']);
    const config = configOf(['10.0.0.21']);
    t.deepEqual(await taking(config), ['10.0.0.21']);
    await eventuallyTaking(config, []);
  },
);

testAsRoot('the log says when all are used, and when the healthy ones are used again', async (t) => {
  const config = configOf(['10.0.0.21', '10.0.0.22'], `healthCheck: ${check}, minHealthy: 2,`);
  await serve(t, '10.0.0.21');
  const { health, lines, taking, eventuallyTaking } = start(t);
  await taking(config);
  await health.firstVerdicts();
  t.deepEqual(await taking(config), ['10.0.0.21', '10.0.0.22']);
  await serve(t, '10.0.0.22');
  const expected = [
    'backend 10.0.0.22 of web is down: connection refused',
    'service web: 1 of 2 backends healthy, fewer than minHealthy; all of them are used',
    'backend 10.0.0.22 of web is up: connected',
    'service web: 2 of 2 backends healthy; new flows go to healthy backends again',
  ];
  await eventually('all to be healthy', async () => {
    await taking(config);
    return lines.length === expected.length || undefined;
  });
  await eventuallyTaking(config, ['10.0.0.21', '10.0.0.22']);
  t.deepEqual(lines, expected);
});

testAsRoot(
  "where the way of traffic can't be had, the log says so once, and the backend's own address is asked",
  async (t) => {
    const text = configOf(['10.0.0.21']);
    const tunnels = { ...text, services: text.services.map((service) => ({ ...service, method: 'ipip' as const })) };
    await serve(t, '10.0.0.21');
    const { health, lines, taking } = start(t, { awaitsVerdicts: true });
    // No address of this node is known that a tunnel could begin at.
    t.deepEqual(await taking(tunnels), ['10.0.0.21']);
    await taking(tunnels);
    t.is(lines.length, 1);
    t.regex(lines[0] ?? '', /^probes go to the backends' own addresses and not the way of traffic: /);
    t.like(health.report().backends[0], { verdict: 'up', badProbes: 0 });
  },
);
