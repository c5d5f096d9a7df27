import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseNodeConfig } from '@weir/control';
import { createLogger } from '@weir/daemon';
import type { Dataplane, ForwardingTables } from '@weir/dataplane';
import test from 'ava';
import { openDataplane } from './open-dataplane.js';
import { Reconciler } from './reconciler.js';
import { eventually } from './test-support/eventually.js';
import { enterPrivateNetwork, isRoot, onPeer } from './test-support/private-network.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: namespaces need root\n');
const directory = mkdtempSync(join(tmpdir(), 'weir-absent-'));
test.before(() => {
  if (!isRoot) return;
  enterPrivateNetwork();
  onPeer('ip address add 10.0.0.12/24 dev eth0');
});
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

testAsRoot('a node that the store misses begins no flows, although its neighbour is reachable', async (t) => {
  const config = parseNodeConfig(
    `node: { name: n1, interfaces: [eth0], address: 10.0.0.11 }
dataplane: { engine: portable, tableRows: 251 }
runtimeDirectory: ${directory}
log: { level: fatal }
nodes: { members: [ { name: n1, address: 10.0.0.11 }, { name: n2, address: 10.0.0.12 } ] }
services: []
`,
    'weir.yaml',
  );
  const { dataplane } = openDataplane(config);
  t.teardown(() => dataplane[Symbol.asyncDispose]());
  let rows: ForwardingTables['services'][number]['rows'] = [];
  const watched: Dataplane = Object.assign(Object.create(dataplane) as Dataplane, {
    attachments: () => dataplane.attachments(),
    takeNeededRows: () => dataplane.takeNeededRows(),
    tablesInForce: () => dataplane.tablesInForce(),
    apply(tables: ForwardingTables) {
      rows = tables.owners?.rows ?? [];
      return dataplane.apply(tables);
    },
  });
  let absent = new Set<string>();
  const reconciler = new Reconciler(config, {
    dataplane: watched,
    speaker: undefined,
    logger: createLogger('lb-node', config.log),
    now: () => performance.now(),
    absentNodes: () => absent,
  });
  /** Of all rows, the part whose first choice is the other node. */
  const shareOfOther = async () => {
    await reconciler.reconcile();
    const firsts = Array.from({ length: rows.length / 2 }, (_, row) => rows[row * 2]);
    return firsts.filter((node) => node === 1).length / firsts.length;
  };
  await eventually('the other node to be resolved', async () => (await shareOfOther()) > 0 || undefined);
  const before = await shareOfOther();
  t.true(Math.abs(before - 0.5) < 0.05, `${before}`);
  absent = new Set(['10.0.0.12']);
  t.is(await shareOfOther(), 0);
  absent = new Set();
  t.is(await shareOfOther(), before);
});
