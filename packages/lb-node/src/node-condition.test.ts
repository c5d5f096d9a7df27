import { type NodeConfig, parseNodeConfig } from '@weir/control';
import { type Counters, dropReasons } from '@weir/dataplane';
import test from 'ava';
import { ForwardingPlanner } from './forwarding-tables.js';
import { type ConditionSources, type InForce, NodeConditions } from './node-condition.js';

const service = (more: object) => ({ vip: '198.51.100.10', port: 80, method: 'nat', ...more });

function configOf(backends: readonly object[], more: object = {}): NodeConfig {
  const document = {
    node: { name: 'lb1', interfaces: ['lo'], address: '10.0.0.11' },
    services: [service({ name: 'web', backends, ...more })],
  };
  return parseNodeConfig(JSON.stringify(document), 'weir.yaml');
}

function inForceOf(config: NodeConfig, reachable: readonly string[] = []): InForce {
  const { tables } = new ForwardingPlanner().plan(config, { ipv4: '10.0.0.11', ipv6: undefined }, 0);
  return { config, tables, usedServices: config.services, reachable: new Set(reachable) };
}

const noDrops = Object.fromEntries(dropReasons.map((reason) => [reason, 0])) as Counters['drops'];

/** Sources that can be changed between two readings. */
function world(initial: Partial<ConditionSources>) {
  const sources: ConditionSources = {
    counters: async () => ({ services: [], handovers: [], drops: noDrops }),
    sessions: async () => ({ up: 1, configured: 2 }),
    replication: () => undefined,
    inForce: () => inForceOf(configOf([{ address: '10.0.0.21' }])),
    ...initial,
  };
  return { sources, conditions: new NodeConditions(sources) };
}

/** Of the service `web`, each backend with so many connections. */
function countersOf(packets: number, connections: Readonly<Record<string, number>>): Counters {
  const backends = Object.entries(connections).map(([address, activeConnections]) => ({
    address,
    port: 0,
    packets: 0,
    bytes: 0,
    activeConnections,
    inactiveConnections: 5,
    newFlows: 0,
  }));
  const web = { vip: '198.51.100.10', protocol: 'tcp', port: 80, packets, bytes: 0, newFlows: 0, backends } as const;
  return { services: [web], handovers: [], drops: noDrops };
}

test('packets and errors count from the first reading on, and do not fall when a service goes', async (t) => {
  const { sources, conditions } = world({ counters: async () => countersOf(1000, {}) });
  const packetsNow = async (counters: Counters) => {
    sources.counters = async () => counters;
    const { packets, errors } = await conditions.read();
    return [packets, errors];
  };
  t.deepEqual(await packetsNow(countersOf(1000, {})), [0, 0]);
  t.deepEqual(await packetsNow({ ...countersOf(1010, {}), drops: { ...noDrops, no_flow: 2 } }), [10, 2]);
  t.deepEqual(await packetsNow({ ...countersOf(4, {}), drops: { ...noDrops, no_flow: 2 } }), [10, 2]);
  t.deepEqual(await packetsNow({ ...countersOf(7, {}), drops: { ...noDrops, no_flow: 2 } }), [13, 2]);
});

test('drops of packets that nobody wants are no errors', async (t) => {
  const { sources, conditions } = world({});
  await conditions.read();
  const drops = { ...noDrops, denied: 9, source_rate: 9, malformed_ipv4: 9, ttl_expired: 9, too_big: 9 };
  sources.counters = async () => ({ services: [], handovers: [], drops });
  t.is((await conditions.read()).errors, 0);
  sources.counters = async () => ({ services: [], handovers: [], drops: { ...drops, no_neighbour: 1, table_full: 2 } });
  t.is((await conditions.read()).errors, 3);
});

test('connections are the active ones of all backends', async (t) => {
  const { conditions } = world({ counters: async () => countersOf(0, { '10.0.0.21': 3, '10.0.0.22': 4 }) });
  t.is((await conditions.read()).connections, 7);
});

test('the store is behind while it does not answer, or some flow has waited for it for a second', async (t) => {
  const status = { isAvailable: true, lagMs: 0 };
  const { sources, conditions } = world({ replication: () => status });
  const stateWith = async (change: Partial<typeof status>) => {
    sources.replication = () => ({ ...status, ...change });
    return (await conditions.read()).replication;
  };
  t.is(await stateWith({}), 'current');
  t.is(await stateWith({ lagMs: 999 }), 'current');
  t.is(await stateWith({ lagMs: 1000 }), 'behind');
  t.is(await stateWith({ isAvailable: false }), 'behind');
  t.is((await world({}).conditions.read()).replication, 'none');
});

test('a backend is usable that takes new flows and can be reached', async (t) => {
  const config = configOf([
    { address: '10.0.0.21' },
    { address: '10.0.0.22', weight: 0 },
    { address: '10.0.0.23' },
    { address: '10.0.0.24' },
  ]);
  const { conditions } = world({ inForce: () => inForceOf(config, ['10.0.0.21', '10.0.0.22', '10.0.0.24']) });
  t.deepEqual((await conditions.read()).backends, { usable: 2, all: 4 });
});

test('of followed backends it tells those that it has: usable or not, and their connections', async (t) => {
  const config = configOf([
    { name: 'a', address: '10.0.0.21' },
    { name: 'b', address: '10.0.0.22', weight: 0 },
  ]);
  const { conditions } = world({
    inForce: () => inForceOf(config, ['10.0.0.21', '10.0.0.22']),
    counters: async () => countersOf(0, { '10.0.0.21': 3, '10.0.0.22': 4 }),
  });
  t.deepEqual((await conditions.read(['web/a', 'web/b', 'web/c', 'shop/a'])).followed, {
    'web/a': { usable: true, connections: 3 },
    'web/b': { usable: false, connections: 4 },
  });
  t.false('followed' in (await conditions.read()));
});

for (const [title, service, connections] of [
  ['nobody remembers its flows, which is not the same as none', { method: 'ipip' }, undefined],
  ['its rows learn their flows before they move', { method: 'ipip', pinning: {} }, 3],
] as const) {
  test(`of a followed backend connections are ${connections === undefined ? 'not told' : 'told'} where ${title}`, async (t) => {
    const config = configOf([{ name: 'a', address: '10.0.0.21' }], service);
    const { conditions } = world({
      inForce: () => inForceOf(config, ['10.0.0.21']),
      counters: async () => countersOf(0, { '10.0.0.21': 3 }),
    });
    const expected = { usable: true, ...(connections === undefined ? {} : { connections }) };
    t.deepEqual((await conditions.read(['web/a'])).followed, { 'web/a': expected });
  });
}

test('the step of a rollout is told once the pass that has it is over', async (t) => {
  const config = configOf([{ address: '10.0.0.21' }]);
  const { sources, conditions } = world({ inForce: () => inForceOf(config) });
  t.is((await conditions.read()).rolloutStep, undefined);
  sources.inForce = () => inForceOf({ ...config, rollout: { step: 'grow/2' } });
  t.is((await conditions.read()).rolloutStep, 'grow/2');
});
