import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSpeaker } from '@weir/bgp-speaker';
import { parseNodeConfig } from '@weir/control';
import { createLogger } from '@weir/daemon';
import { type Dataplane, DataplaneError } from '@weir/dataplane';
import test, { type ExecutionContext } from 'ava';
import { openDataplane } from './open-dataplane.js';
import { Reconciler } from './reconciler.js';
import { speakerOptions } from './speaker-options.js';
import { eventually } from './test-support/eventually.js';
import { enterPrivateNetwork, isRoot, sh } from './test-support/private-network.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: namespaces need root\n');
const directory = mkdtempSync(join(tmpdir(), 'weir-pools-'));
test.before(() => {
  if (!isRoot) return;
  enterPrivateNetwork();
  sh('ip link set lo up');
});
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

const configOf = (method = 'fullnat') =>
  parseNodeConfig(
    `node: { name: n1, interfaces: [eth0], address: 10.0.0.11 }
dataplane: { engine: portable, tableRows: 251 }
runtimeDirectory: ${directory}
log: { level: fatal }
bgp: { asn: 64512, listenPort: -1, peers: [ { address: 10.0.0.21, asn: 64500, passive: true } ] }
nodes:
  members:
    - { name: n1, address: 10.0.0.11, localAddresses: [192.0.2.1] }
    - { name: n2, address: 10.0.0.12, localAddresses: [192.0.2.2, 10.0.0.112] }
state: { store: redis, redis: { addresses: ["10.0.0.5:6379"] } }
services:
  - { name: web, vip: 198.51.100.10, port: 80, method: ${method}, backends: [ { address: 10.0.0.21 } ] }
`,
    'weir.yaml',
  );

/** A reconciler that drives a portable data plane, or the one that `of` makes of it, and a gobgpd. */
async function start(t: ExecutionContext, of: (dataplane: Dataplane) => Dataplane = (dataplane) => dataplane) {
  const config = configOf();
  const logger = createLogger('lb-node', config.log);
  const { dataplane } = openDataplane(config);
  t.teardown(() => dataplane[Symbol.asyncDispose]());
  const options = speakerOptions(config, logger);
  if (options === undefined) throw new Error('the configuration has bgp');
  const speaker = await startSpeaker(options);
  t.teardown(() => speaker.stop({ leaveRunning: false }));
  const reconciler = new Reconciler(config, {
    dataplane: of(dataplane),
    speaker,
    logger,
    now: () => performance.now(),
  });
  const announced = async () => [...(await speaker.status()).announced].sort();
  /** After as many passes as it takes until neighbours are resolved. */
  const announcedOnceReachable = async () => {
    await eventually('the backend to be resolved', async () => {
      const { reachableBackends } = await reconciler.reconcile();
      return reachableBackends === 1 || undefined;
    });
    return announced();
  };
  return { reconciler, announced, announcedOnceReachable };
}

const unreachable = () =>
  [...sh('ip route show type unreachable').matchAll(/^unreachable (\S+)/gm)].map(([, prefix]) => prefix).sort();

testAsRoot('local addresses outlive VIPs when a node drains, and go with the last fullnat service', async (t) => {
  const { reconciler, announced, announcedOnceReachable } = await start(t);
  t.deepEqual(await announcedOnceReachable(), ['192.0.2.1/32', '192.0.2.2/32', '198.51.100.10/32']);
  // What another node's local address gets here and is no flow must not go back to the router.
  t.deepEqual(unreachable(), ['192.0.2.2', '198.51.100.10']);
  t.regex(sh('ip route show table local'), /local 192\.0\.2\.1 .*proto 177/);
  t.notRegex(sh('ip route show table local'), /192\.0\.2\.2/);

  await reconciler.drain();
  t.deepEqual(await announced(), ['192.0.2.1/32', '192.0.2.2/32']);
  await reconciler.reconcile();
  t.deepEqual(await announced(), ['192.0.2.1/32', '192.0.2.2/32']);

  reconciler.want(configOf('nat'));
  await reconciler.reconcile();
  t.deepEqual([await announced(), unreachable()], [[], ['198.51.100.10']]);
});

testAsRoot('tables that are refused withdraw VIPs, but not where answers of connections come to', async (t) => {
  let isRefused = false;
  const { reconciler, announced, announcedOnceReachable } = await start(t, (dataplane) =>
    Object.assign(Object.create(dataplane) as Dataplane, {
      attachments: () => dataplane.attachments(),
      takeNeededRows: () => dataplane.takeNeededRows(),
      tablesInForce: () => dataplane.tablesInForce(),
      apply: (tables: Parameters<Dataplane['apply']>[0]) =>
        isRefused ? Promise.reject(new DataplaneError('TABLES_INVALID', 'refused')) : dataplane.apply(tables),
    }),
  );
  t.is((await announcedOnceReachable()).length, 3);
  isRefused = true;
  await t.throwsAsync(reconciler.reconcile(), { message: /refused/ });
  t.deepEqual(await announced(), ['192.0.2.1/32', '192.0.2.2/32']);
});
