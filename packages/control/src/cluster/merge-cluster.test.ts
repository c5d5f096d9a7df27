import test from 'ava';
import { parseNodeDocument } from '../parse-node-config.js';
import { EntryCache } from './entry-cache.js';
import { type MergedCluster, mergeCluster } from './merge-cluster.js';

const none = new Map<string, string>();

function document(services = '[]', more = '') {
  return parseNodeDocument(
    `node: { name: lb1, interfaces: [eth0], address: 10.0.0.11 }\n${more}\nservices: ${services}\n`,
    'weir.yaml',
  );
}

const keysOf = (entries: Record<string, object | string>) =>
  new Map(
    Object.entries(entries).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  );

/** Services with the addresses of their backends. */
const servedBy = ({ config }: MergedCluster) =>
  Object.fromEntries(
    config.services.map(({ name, backends }) => [name, backends.map(({ address }) => address).join(' ')]),
  );

const web = { vip: '198.51.100.10', port: 80 };
const fileWeb = '[ { name: web, vip: 198.51.100.10, port: 80, backends: [ { name: own, address: 10.0.0.21 } ] } ]';

test('services of weir.yaml and of etcd are served together, each with the backends that have keys of their own', (t) => {
  const keys = keysOf({
    'services/mail': { vip: '198.51.100.12', port: 25, backends: [{ address: '10.0.0.41' }] },
    'backends/web/b2': { address: '10.0.0.22', weight: 3 },
    'backends/mail/b1': { address: '10.0.0.42' },
  });
  const merged = mergeCluster(document(fileWeb), keys, none);
  t.deepEqual(servedBy(merged), { web: '10.0.0.21 10.0.0.22', mail: '10.0.0.41 10.0.0.42' });
  t.is(merged.config.services[0]?.backends[1]?.name, 'b2');
  t.is(merged.config.services[0]?.backends[1]?.weight, 3);
  t.is(merged.skipped.size, 0);
});

test('a service without any backend waits for the first, and a backend waits for its service', (t) => {
  const merged = mergeCluster(
    document(),
    keysOf({ 'services/web': web, 'backends/mail/b1': { address: '10.0.0.41' } }),
    none,
  );
  t.deepEqual(servedBy(merged), {});
  t.is(merged.skipped.size, 0);
  t.deepEqual([...merged.waiting.keys()], ['services/web', 'backends/mail/b1']);
});

/** Keys beside services/web and its backend b1, and what is said of the only one that is skipped. */
const skips = test.macro((t, entries: Record<string, object | string>, key: string, problem: string) => {
  const keys = keysOf({ 'services/web': web, 'backends/web/b1': { address: '10.0.0.21' }, ...entries });
  const merged = mergeCluster(document(), keys, none);
  t.is(merged.skipped.get(key), problem);
  t.is(merged.skipped.size, 1);
  t.is(servedBy(merged).web, '10.0.0.21');
});

test(
  'a backend with a bad address is skipped with field and value',
  skips,
  { 'backends/web/b2': { address: '10.3.1' } },
  'backends/web/b2',
  'address: "10.3.1" is not an IP address',
);
test(
  'a key that is misspelt is told the right one',
  skips,
  { 'backends/web/b2': { address: '10.0.0.22', wieght: 1 } },
  'backends/web/b2',
  'wieght: is not a known key; did you mean "weight"?',
);
test(
  'a value that is no JSON is skipped',
  skips,
  { 'backends/web/b2': '{' },
  'backends/web/b2',
  `is not JSON, such as {"address": "10.0.0.21"}: Expected property name or '}' in JSON at position 1`,
);
test(
  'a backend that is there already is skipped, and named',
  skips,
  { 'backends/web/b2': { address: '10.0.0.21' } },
  'backends/web/b2',
  'address: "10.0.0.21" is the address of backends/web/b1 too',
);
test(
  'a backend with a port that the method can not change is skipped',
  skips,
  { 'backends/web/b2': { address: '10.0.0.22', port: 8080 } },
  'backends/web/b2',
  "port: 8080 can't be had with method ipip, which leaves ports as they are; use nat or fullnat",
);
test(
  'a backend whose address is a VIP is skipped',
  skips,
  { 'backends/web/b2': { address: '198.51.100.10' } },
  'backends/web/b2',
  'address: "198.51.100.10" is a VIP; a backend has an address of its own',
);
test('a service without a VIP is skipped', skips, { 'services/x': { port: 80 } }, 'services/x', 'vip: is missing');
test(
  'a service whose listener another has is skipped',
  skips,
  { 'services/a': { ...web, backends: [{ address: '10.0.0.31' }] } },
  'services/a',
  'vip: "198.51.100.10" with tcp port 80 is the same as services/web',
);
test(
  'a key that Weir does not know is skipped',
  skips,
  { 'service/web': {} },
  'service/web',
  'is no key of Weir; expected services/NAME, backends/SERVICE/NAME, node-states/NAME or settings/NAME',
);
test(
  'a name that no key can hold is skipped',
  skips,
  { 'backends/web/b 2': {} },
  'backends/web/b 2',
  '"b 2" in the key is not a name: letters, digits, and . _ : [ ] -',
);
test(
  'a setting that Weir does not know is skipped',
  skips,
  { 'settings/gaurd': {} },
  'settings/gaurd',
  'is no setting; there are settings/guard, settings/timeouts, settings/announce, settings/nodes',
);
test(
  'a setting that the rest contradicts leaves the section as it was',
  skips,
  { 'settings/guard': { deny: ['192.0.2.0/24'], allow: ['192.0.2.0/24'] } },
  'settings/guard',
  "with it, guard.allow[0] is guard.deny[0] too; it can't be both",
);
test(
  'a setting for BGP is skipped by a node without BGP',
  skips,
  { 'settings/announce': { med: 1 } },
  'settings/announce',
  'has no meaning for a node without the section bgp',
);

test('names and listeners of weir.yaml stay, whatever etcd says', (t) => {
  const keys = keysOf({
    'services/web': { vip: '198.51.100.99', port: 80, backends: [{ address: '10.0.0.31' }] },
    'services/copy': { ...web, backends: [{ address: '10.0.0.32' }] },
  });
  const merged = mergeCluster(document(fileWeb), keys, none);
  t.deepEqual(servedBy(merged), { web: '10.0.0.21' });
  t.deepEqual(
    [...merged.skipped],
    [
      ['services/web', 'is the name of a service in weir.yaml too, which stays'],
      ['services/copy', 'vip: "198.51.100.10" with tcp port 80 is the same as services[0] of weir.yaml'],
    ],
  );
});

test('a service whose new value is bad keeps its last good one, until the value is good or the key gone', (t) => {
  const good = keysOf({ 'services/web': web, 'backends/web/b1': { address: '10.0.0.21' } });
  const first = mergeCluster(document(), good, none);
  const bad = new Map([...good, ['services/web', '{"vip": 7, "port": 80}']]);
  const second = mergeCluster(document(), bad, first.good);
  t.deepEqual(second.config, first.config);
  t.deepEqual([...second.skipped], [['services/web', 'vip: 7 is not text']]);
  const third = mergeCluster(document(), bad, second.good);
  t.deepEqual(third.config, first.config);
  t.deepEqual(mergeCluster(document(), new Map(), third.good).config.services, []);
});

test('a service that takes the listener of another by a change keeps its own, and the other is not disturbed', (t) => {
  const other = { vip: '198.51.100.11', port: 80, backends: [{ address: '10.0.0.31' }] };
  const keys = keysOf({ 'services/a': other, 'services/web': { ...web, backends: [{ address: '10.0.0.21' }] } });
  const first = mergeCluster(document(), keys, none);
  const changed = new Map([...keys, ['services/a', JSON.stringify({ ...other, vip: web.vip })]]);
  const second = mergeCluster(document(), changed, first.good);
  t.deepEqual(second.config, first.config);
  t.deepEqual([...second.skipped.keys()], ['services/a']);
});

test('a backend whose new value is bad stays as it was', (t) => {
  const keys = keysOf({ 'services/web': web, 'backends/web/b1': { address: '10.0.0.21', weight: 5 } });
  const { good } = mergeCluster(document(), keys, none);
  const merged = mergeCluster(
    document(),
    new Map([...keys, ['backends/web/b1', '{"address": "10.0.0.21", "weight": -1}']]),
    good,
  );
  t.is(merged.config.services[0]?.backends[0]?.weight, 5);
  t.is(merged.skipped.get('backends/web/b1'), 'weight: -1 is less than 0');
});

test('settings of etcd stand over the sections of weir.yaml, and a state over that of the node', (t) => {
  const keys = keysOf({
    'settings/guard': { deny: ['192.0.2.0/24'] },
    'settings/timeouts': { tcp: '20m' },
    'node-states/lb1': { state: 'draining' },
    'node-states/lb2': { state: 'active' },
  });
  const { config } = mergeCluster(document('[]', 'guard: { deny: [203.0.113.0/24] }'), keys, none);
  t.deepEqual(config.guard.deny, ['192.0.2.0/24']);
  t.is(config.dataplane.timeouts.tcpMs, 20 * 60_000);
  t.is(config.node.wantedState, 'draining');
});

test('a VIP that is a local address of this node takes its own service down alone', (t) => {
  const file = parseNodeDocument(
    'node: { name: lb1, interfaces: [eth0], localAddresses: [10.0.0.111] }\netcd: { endpoints: ["10.0.0.5:2379"] }\n',
    'weir.yaml',
  );
  const keys = keysOf({
    'services/bad': { vip: '10.0.0.111', port: 80, backends: [{ address: '10.0.0.31' }] },
    'services/web': { ...web, backends: [{ address: '10.0.0.21' }] },
  });
  const merged = mergeCluster(file, keys, none);
  t.deepEqual(servedBy(merged), { web: '10.0.0.21' });
  t.is(
    merged.skipped.get('services/bad'),
    'node.localAddresses[0]: "10.0.0.111" is a VIP; a local address is of one node alone',
  );
});

test('what the data plane has no room for is skipped, and what was in force keeps its place', (t) => {
  const file = document('[]', 'dataplane: { maxBackends: 2 }');
  const keys = keysOf({
    'services/web': web,
    'backends/web/b2': { address: '10.0.0.22' },
    'backends/web/b3': { address: '10.0.0.23' },
  });
  const { good } = mergeCluster(file, keys, none);
  const merged = mergeCluster(file, new Map([...keys, ['backends/web/b1', '{"address": "10.0.0.21"}']]), good);
  t.deepEqual(servedBy(merged), { web: '10.0.0.22 10.0.0.23' });
  t.is(merged.skipped.get('backends/web/b1'), 'is one backend more than dataplane.maxBackends, 2, has room for');
});

test('records of nodes are listed by name, and a bad one is skipped', (t) => {
  const record = { name: 'lb2', instance: 'x', state: 'active', version: '1', addresses: [], announces: [] };
  const merged = mergeCluster(
    document(),
    keysOf({ 'nodes/lb2': record, 'nodes/lb1': { ...record, name: 'lb1' }, 'nodes/lb3': {} }),
    none,
  );
  t.deepEqual(
    merged.nodes.map(({ name }) => name),
    ['lb1', 'lb2'],
  );
  t.deepEqual([...merged.skipped.keys()], ['nodes/lb3']);
});

/** CPU time since then, which other processes do not lengthen. */
function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

test('however many changes contradict each other, all that was in force stays', (t) => {
  const SERVICES = 40;
  const at = (i: number, vip: number | string) =>
    [`services/s${i}`, { vip: `198.51.100.${vip}`, port: 80, backends: [{ address: `10.0.0.${i + 1}` }] }] as const;
  const numbers = Array.from({ length: SERVICES }, (_, i) => i);
  const file = document(fileWeb.replace('198.51.100.10', '198.51.100.200'));
  const first = mergeCluster(file, keysOf(Object.fromEntries(numbers.map((i) => at(i, i + 1)))), none);
  t.is(first.config.services.length, SERVICES + 1);
  // Each moves to the VIP of the next, and the last can't.
  const moved = Object.fromEntries(numbers.map((i) => at(i, i === SERVICES - 1 ? 'x' : i + 2)));
  const next = mergeCluster(
    file,
    keysOf({ ...moved, 'services/new': { vip: '198.51.100.250', port: 80, backends: [{ address: '10.0.1.1' }] } }),
    first.good,
  );
  t.deepEqual(servedBy(next), { ...servedBy(first), new: '10.0.1.1' });
  t.deepEqual(
    [...first.good].filter(([key, text]) => next.good.get(key) !== text),
    [],
  );
  t.is(next.skipped.size, SERVICES);
});

test('10,000 backends are merged, and one change in a small part of the time for all', (t) => {
  const file = document('[]', 'dataplane: { maxBackends: 20000 }');
  const keys = new Map<string, string>();
  for (let s = 0; s < 50; s++) {
    keys.set(`services/s${s}`, JSON.stringify({ vip: `198.51.100.${s}`, port: 80 }));
    for (let b = 0; b < 200; b++) keys.set(`backends/s${s}/b${b}`, JSON.stringify({ address: `10.${s}.1.${b}` }));
  }
  const cache = new EntryCache();
  const start = process.cpuUsage();
  const { good } = mergeCluster(file, keys, none, cache);
  const wholeMs = cpuMs(start);
  const changesMs = [2, 3, 4, 5, 6].map((weight) => {
    const changed = new Map([...keys, ['backends/s7/b7', `{"address": "10.7.1.7", "weight": ${weight}}`]]);
    const changeStart = process.cpuUsage();
    const { config } = mergeCluster(file, changed, good, cache);
    t.is(config.services.length, 50);
    return cpuMs(changeStart);
  });
  const changeMs = Math.min(...changesMs);
  t.log(`${wholeMs.toFixed(0)} ms for all, ${changeMs.toFixed(0)} ms for a change`);
  t.true(changeMs < wholeMs / 2);
});

test('what a rollout wants of this node is told with its state, and what it wants of others is not', (t) => {
  const wish = { state: 'draining', step: 'upgrade/1', restart: 'instance-a' };
  const own = mergeCluster(document(fileWeb), keysOf({ 'node-states/lb1': wish }), none);
  t.deepEqual(own.config.rollout, { step: 'upgrade/1', restartInstance: 'instance-a' });
  const others = mergeCluster(document(fileWeb), keysOf({ 'node-states/lb2': wish }), none);
  t.is(others.config.rollout, undefined);
});
