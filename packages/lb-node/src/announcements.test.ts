import { parseNodeConfig } from '@weir/control';
import test from 'ava';
import { explainSilence, planAnnouncements, type Readiness } from './announcements.js';

const configOf = (
  services: string,
  bgp = 'bgp: { asn: 64512, peers: [ { address: 10.0.0.1, asn: 64500 } ], announce: { med: 10 } }',
) =>
  parseNodeConfig(
    `node: { interfaces: [eth0], address: 10.0.0.11, address6: "fd00::11" }\n${bgp}\nservices: [ ${services} ]`,
    'weir.yaml',
  );
const web = (port: number, address: string, more = '') =>
  `{ name: web${port}, vip: 198.51.100.10, port: ${port}, ${more} backends: [ { address: ${address} } ] }`;
const ready: Readiness = {
  attached: true,
  reachable: new Set(['10.0.0.21']),
  departure: { kind: 'staying' },
  overrides: new Map(),
  absentNodes: new Set(),
};

test('a VIP is announced with its attributes while a backend is reachable', (t) => {
  t.deepEqual(
    planAnnouncements(configOf(web(80, '10.0.0.21', 'announce: { prepend: 2, communities: [no-export] },')), ready),
    [{ prefix: '198.51.100.10/32', nextHop: '10.0.0.11', med: 10, prepend: 2, communities: ['no-export'] }],
  );
});

test('an IPv6 VIP goes out with the IPv6 next hop', (t) => {
  const config = configOf('{ name: web, vip: "2001:db8::10", port: 80, backends: [ { address: 10.0.0.21 } ] }');
  t.deepEqual(planAnnouncements(config, ready), [{ prefix: '2001:db8::10/128', nextHop: 'fd00::11', med: 10 }]);
});

test('a VIP goes out while some service on it can be forwarded; of the others the log tells', (t) => {
  const config = configOf(`${web(80, '10.0.0.99')}, ${web(443, '10.0.0.21')}`);
  t.deepEqual(planAnnouncements(config, ready), [{ prefix: '198.51.100.10/32', nextHop: '10.0.0.11', med: 10 }]);
  t.deepEqual(explainSilence(config, ready), [
    '198.51.100.10: service web80 has no healthy backend with weight, a route and a resolved next hop',
  ]);
});

test('a VIP of which no service can be forwarded stays back', (t) => {
  const config = configOf(`${web(80, '10.0.0.98')}, ${web(443, '10.0.0.99')}`);
  t.deepEqual(planAnnouncements(config, ready), []);
});

test('each VIP of a service goes out, once however many listeners and services it has', (t) => {
  const listeners =
    '{ vip: 198.51.100.11, port: 80 }, { vip: 198.51.100.11, port: 443 }, { vip: "2001:db8::10", port: 80 }';
  const shop = `{ name: shop, listeners: [ ${listeners} ], backends: [ { address: 10.0.0.21 } ] }`;
  const config = configOf(`${shop}, ${web(8080, '10.0.0.21').replace('100.10', '100.11')}`);
  t.deepEqual(
    planAnnouncements(config, ready).map(({ prefix }) => prefix),
    ['198.51.100.11/32', '2001:db8::10/128'],
  );
  t.deepEqual(explainSilence(config, { ...ready, reachable: new Set() }), [
    '198.51.100.11, 2001:db8::10: service shop has no healthy backend with weight, a route and a resolved next hop',
    '198.51.100.11: service web8080 has no healthy backend with weight, a route and a resolved next hop',
  ]);
});

test('a backend without weight does not count', (t) => {
  const config = configOf(
    '{ name: web, vip: 198.51.100.10, port: 80, backends: [ { address: 10.0.0.21, weight: 0 } ] }',
  );
  t.deepEqual(planAnnouncements(config, ready), []);
});

test('of backends with second chance, those that take new connections count', (t) => {
  const announced = (state: string) =>
    planAnnouncements(
      configOf(
        `{ name: web, vip: 198.51.100.10, port: 80, method: gue, secondChance: {}, backends: [ { address: 10.0.0.21, state: ${state} } ] }`,
      ),
      ready,
    ).length;
  t.deepEqual(['filling', 'active', 'draining'].map(announced), [1, 1, 0]);
});

for (const [title, state, reason] of [
  ['has left', { departure: { kind: 'withdrawn' } }, 'the node is draining'],
  ['is not attached', { attached: false }, 'the program is not attached to every interface'],
] as const) {
  test(`a node that ${title} announces nothing, and says why`, (t) => {
    const config = configOf(web(80, '10.0.0.21'));
    t.deepEqual(planAnnouncements(config, { ...ready, ...state }), []);
    t.deepEqual(explainSilence(config, { ...ready, ...state }), [reason]);
  });
}

test('a node that is about to leave marks its VIPs, with the attributes that they had', (t) => {
  t.deepEqual(
    planAnnouncements(configOf(web(80, '10.0.0.21', 'announce: { communities: [no-export] },')), {
      ...ready,
      departure: { kind: 'marked', untilMs: 1_000 },
    }),
    [
      {
        prefix: '198.51.100.10/32',
        nextHop: '10.0.0.11',
        med: 10,
        communities: ['no-export', 'graceful-shutdown'],
        localPreference: 0,
      },
    ],
  );
});

test('a VIP that is turned off stays back though all is well, and the log says how to turn it on', (t) => {
  const config = configOf(web(80, '10.0.0.21'));
  const readiness = { ...ready, overrides: new Map([['198.51.100.10', 'off' as const]]) };
  t.deepEqual(planAnnouncements(config, readiness), []);
  t.deepEqual(explainSilence(config, readiness), [
    '198.51.100.10: an operator turned it off; "lb-node announce 198.51.100.10 auto" leaves it to the node again',
  ]);
});

test('a VIP that is turned on goes out though no backend is reachable, but not from a node that has left', (t) => {
  const config = configOf(web(80, '10.0.0.99'));
  const overrides = new Map([['198.51.100.10', 'on' as const]]);
  t.is(planAnnouncements(config, { ...ready, overrides }).length, 1);
  t.deepEqual(planAnnouncements(config, { ...ready, overrides, departure: { kind: 'withdrawn' } }), []);
  t.deepEqual(planAnnouncements(config, { ...ready, overrides, attached: false }), []);
});

test('a node without bgp has nothing to announce and nothing to explain', (t) => {
  const config = configOf(web(80, '10.0.0.99'), 'log: {}');
  t.deepEqual([planAnnouncements(config, ready), explainSilence(config, ready)], [[], []]);
});
