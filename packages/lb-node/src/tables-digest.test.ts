import { parseNodeConfig } from '@weir/control';
import test from 'ava';
import { ForwardingPlanner } from './forwarding-tables.js';
import { tablesDigest } from './tables-digest.js';

/** Of a node with these services, each as JSON. */
function digestOf({
  node = 'lb1',
  address = '10.0.0.11',
  services,
}: {
  node?: string;
  address?: string;
  services: readonly object[];
}) {
  const document = { node: { name: node, interfaces: ['lo'], address }, services };
  const config = parseNodeConfig(JSON.stringify(document), 'weir.yaml');
  return tablesDigest(new ForwardingPlanner().plan(config, { ipv4: address, ipv6: undefined }, 0).tables);
}

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
  ['another method', { ...web, method: 'gre' }],
  ['another scheduler', { ...web, scheduler: 'rendezvous' }],
  ['another port', { ...web, port: 81 }],
] as const) {
  test(`a node whose service has ${title} has another digest`, (t) => {
    t.not(digestOf({ services: [changed] }), digestOf({ services: [web] }));
  });
}

test('rows alone make another digest: a node that learns or leaves a backend out sends packets elsewhere', (t) => {
  const service = {
    listeners: [{ vip: '198.51.100.10', protocol: 'tcp', port: 80 }],
    forwarding: { method: 'ipip' },
    scheduling: { pick: 'hash', of: 'flow' },
    backends: [{ address: '10.0.0.21' }, { address: '10.0.0.22' }],
  } as const;
  const digest = (rows: ArrayLike<number>) =>
    tablesDigest({ services: [{ ...service, rows }], sources: {}, hashSeed: 1n });
  t.not(digest([0, 1, 0]), digest([0, 1, 1]));
  t.is(digest(Uint16Array.of(0, 1, 0)), digest(Uint32Array.of(0, 1, 0)));
});
