import { parseNodeConfig } from '@weir/control';
import test from 'ava';
import { explainSilence, planAnnouncements } from './announcements.js';

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
const ready = { attached: true, reachable: new Set(['10.0.0.21']), draining: false };

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

test('one service of a VIP that can not be forwarded keeps the whole VIP back', (t) => {
  const config = configOf(`${web(80, '10.0.0.21')}, ${web(443, '10.0.0.99')}`);
  t.deepEqual(planAnnouncements(config, ready), []);
  t.deepEqual(explainSilence(config, ready), [
    '198.51.100.10: service web443 has no backend with weight, a route and a resolved next hop',
  ]);
});

test('a backend without weight does not count', (t) => {
  const config = configOf(
    '{ name: web, vip: 198.51.100.10, port: 80, backends: [ { address: 10.0.0.21, weight: 0 } ] }',
  );
  t.deepEqual(planAnnouncements(config, ready), []);
});

for (const [title, state, reason] of [
  ['drains', { draining: true }, 'the node is draining'],
  ['is not attached', { attached: false }, 'the program is not attached to every interface'],
] as const) {
  test(`a node that ${title} announces nothing, and says why`, (t) => {
    const config = configOf(web(80, '10.0.0.21'));
    t.deepEqual(planAnnouncements(config, { ...ready, ...state }), []);
    t.deepEqual(explainSilence(config, { ...ready, ...state }), [reason]);
  });
}

test('a node without bgp has nothing to announce and nothing to explain', (t) => {
  const config = configOf(web(80, '10.0.0.99'), 'log: {}');
  t.deepEqual([planAnnouncements(config, ready), explainSilence(config, ready)], [[], []]);
});
