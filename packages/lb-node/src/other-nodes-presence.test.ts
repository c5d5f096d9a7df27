import { parseNodeConfig } from '@weir/control';
import { createLogger } from '@weir/daemon';
import { MemoryStore, openPresence } from '@weir/state-sync';
import test from 'ava';
import { nodeNameOf, OtherNodesPresence } from './other-nodes-presence.js';

const configOf = (node: string, others = '{ name: b, address: 10.0.0.12 }') =>
  parseNodeConfig(
    `node: { interfaces: [eth0], ${node} }
nodes: { members: [ { name: a, address: 10.0.0.11 }, ${others} ] }
services: []
`,
    'weir.yaml',
  );
const logger = createLogger('test', { level: 'fatal', format: 'json' });

test('a node has the name that others know it by, whatever it calls itself', (t) => {
  t.is(nodeNameOf(configOf('name: host7, address: 10.0.0.11')), 'a');
  const alone = parseNodeConfig('node: { name: host7, interfaces: [eth0] }\nservices: []\n', 'weir.yaml');
  t.is(nodeNameOf(alone), 'host7');
});

test('a node that came and went is absent, one that never came is not', async (t) => {
  const store = new MemoryStore();
  let changed = () => {};
  const change = () => new Promise<void>((resolve) => (changed = resolve));
  const config = configOf('address: 10.0.0.11', '{ name: b, address: 10.0.0.12 }, { name: c, address: 10.0.0.13 }');
  await using presence = new OtherNodesPresence(config, { store, nodeName: 'a', logger, onChange: () => changed() });
  t.deepEqual(presence.absent(), new Set());
  const coming = change();
  const other = openPresence({ store, nodeName: 'b', others: () => [], onChange() {} });
  await coming;
  t.deepEqual(presence.absent(), new Set());
  const going = change();
  await other[Symbol.asyncDispose]();
  await going;
  t.deepEqual(presence.absent(), new Set(['10.0.0.12']));
  Object.defineProperty(store, 'isAvailable', { value: false });
  t.deepEqual(presence.absent(), new Set(), 'a store that is gone knows of nobody');
  Object.defineProperty(store, 'isAvailable', { value: true });
  presence.use(configOf('address: 10.0.0.11', '{ name: d, address: 10.0.0.14 }'));
  t.deepEqual(presence.absent(), new Set(), 'nodes that are not configured are none');
});
