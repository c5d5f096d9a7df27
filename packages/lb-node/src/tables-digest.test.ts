import { type NodeConfig, parseNodeConfig, type ServiceConfig } from '@weir/control';
import { type Counters, dropReasons } from '@weir/dataplane';
import test from 'ava';
import { ForwardingPlanner } from './forwarding-tables.js';
import { NodeConditions } from './node-condition.js';
import { tablesDigest } from './tables-digest.js';

interface Written {
  readonly node?: string;
  readonly address?: string;
  readonly services: readonly object[];
}

/** Of a node with these services, each as JSON. */
function configOf({ node = 'lb1', address = '10.0.0.11', services }: Written): NodeConfig {
  const document = { node: { name: node, interfaces: ['lo'], address }, services };
  return parseNodeConfig(JSON.stringify(document), 'weir.yaml');
}

function digestOf(written: Written): string {
  return tablesDigest(configOf(written), undefined);
}

const noDrops = Object.fromEntries(dropReasons.map((reason) => [reason, 0])) as Counters['drops'];

const web = {
  name: 'web',
  vip: '198.51.100.10',
  port: 80,
  method: 'ipip',
  backends: [{ address: '10.0.0.21' }, { address: '10.0.0.22' }],
};
const shop = { ...web, name: 'shop', vip: '198.51.100.20' };

test('nodes with the same services have the same digest, whatever their names, addresses and order of services', (t) => {
  t.is(digestOf({ services: [web, shop] }), digestOf({ node: 'lb2', address: '10.0.0.12', services: [shop, web] }));
});

for (const [title, changed] of [
  ['another backend', { ...web, backends: [{ address: '10.0.0.21' }, { address: '10.0.0.23' }] }],
  [
    'another weight, and so other rows',
    { ...web, backends: [{ address: '10.0.0.21', weight: 2 }, { address: '10.0.0.22' }] },
  ],
  [
    'a backend that drains',
    { ...web, backends: [{ address: '10.0.0.21', state: 'draining' }, { address: '10.0.0.22' }] },
  ],
  ['another fallback', { ...web, fallback: { address: '10.0.0.29' } }],
  ['other pinning', { ...web, pinning: {} }],
  ['another method', { ...web, method: 'gre' }],
  ['another scheduler', { ...web, scheduler: 'rendezvous' }],
  ['another port', { ...web, port: 81 }],
] as const) {
  test(`a node whose service has ${title} has another digest`, (t) => {
    t.not(digestOf({ services: [changed] }), digestOf({ services: [web] }));
  });
}

test('health, ejections and the time of a slow start, which each node has its own of, make no other digest', async (t) => {
  const config = configOf({ services: [{ ...web, slowStart: '1h' }] });
  const [service] = config.services;
  const { tables } = new ForwardingPlanner().plan(config, { ipv4: '10.0.0.11', ipv6: undefined }, 0);
  const digestWith = async (backends: ServiceConfig['backends']) => {
    const usedServices = [{ ...(service as ServiceConfig), backends }];
    const weighed = new ForwardingPlanner().plan({ ...config, services: usedServices }, tables.sources, 0);
    const conditions = new NodeConditions({
      counters: async () => ({ services: [], handovers: [], drops: noDrops }),
      sessions: async () => ({ up: 0, configured: 0 }),
      replication: () => undefined,
      inForce: () => ({ config, tables: weighed.tables, usedServices, reachable: new Set() }),
    });
    return (await conditions.read()).tables;
  };
  const { backends } = service as ServiceConfig;
  const out = backends.map((backend, at) => (at === 0 ? { ...backend, weight: 0 } : backend));
  t.is(await digestWith(out), await digestWith(backends));
});
