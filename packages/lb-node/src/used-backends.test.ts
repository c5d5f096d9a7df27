import { parseNodeConfig } from '@weir/control';
import test from 'ava';
import { takesNewFlows, usedService } from './used-backends.js';

const backends = '{ address: 10.0.0.21 }, { address: 10.0.0.22, weight: 5 }, { address: 10.0.0.23, weight: 0 }';

/** Who takes new flows, of a service whose backends with these addresses are down. */
function usedWith(down: readonly string[], more = '', written = backends) {
  const { services } = parseNodeConfig(
    `node: { interfaces: [eth0] }
services: [ { name: web, vip: 198.51.100.10, port: 80, healthCheck: { kind: tcp }, ${more} backends: [ ${written} ] } ]`,
    'weir.yaml',
  );
  const [service] = services;
  if (service === undefined) throw new Error('a service was parsed');
  const used = usedService(service, (_, { address }) => !down.includes(address));
  return {
    use: used.use,
    healthy: `${used.healthy} of ${used.serving}`,
    weights: used.service.backends.map(({ weight }) => weight),
    takers: used.service.backends.filter(takesNewFlows).map(({ address }) => address),
  };
}

test('healthy backends have their weights', (t) => {
  t.deepEqual(usedWith([]), {
    use: 'healthy',
    healthy: '2 of 2',
    weights: [1, 5, 0],
    takers: ['10.0.0.21', '10.0.0.22'],
  });
});

test('an unhealthy backend has no weight, and stays in its place', (t) => {
  t.deepEqual(usedWith(['10.0.0.21']), {
    use: 'healthy',
    healthy: '1 of 2',
    weights: [0, 5, 0],
    takers: ['10.0.0.22'],
  });
});

test('where nobody is healthy nobody takes new flows, unless it is said otherwise', (t) => {
  t.deepEqual(usedWith(['10.0.0.21', '10.0.0.22']).takers, []);
});

test('with fewer healthy backends than minHealthy all with a weight are used', (t) => {
  const all = ['10.0.0.21', '10.0.0.22'];
  t.like(usedWith(['10.0.0.21'], 'minHealthy: 2,'), { use: 'all', takers: all });
  t.like(usedWith(all, 'minHealthy: 1,'), { use: 'all', takers: all });
  t.like(usedWith(['10.0.0.21'], 'minHealthy: 1,'), { use: 'healthy', takers: ['10.0.0.22'] });
});

test('a share of minHealthy is one of the backends with a weight; half a backend is one', (t) => {
  t.is(usedWith(['10.0.0.21'], 'minHealthy: 50%,').use, 'healthy');
  t.is(usedWith(['10.0.0.21'], 'minHealthy: 51%,').use, 'all');
});

test('the fallback takes new flows while no other backend can, and not sooner', (t) => {
  const fallback = 'fallback: { address: 10.0.0.29 },';
  t.like(usedWith(['10.0.0.21'], fallback), { use: 'healthy', takers: ['10.0.0.22'] });
  t.like(usedWith(['10.0.0.21', '10.0.0.22'], fallback), { use: 'fallback', takers: ['10.0.0.29'] });
  t.like(usedWith([], fallback, '{ address: 10.0.0.21, weight: 0 }'), { use: 'fallback', takers: ['10.0.0.29'] });
});

test('with minHealthy and a fallback, few healthy ones have the help of all, and none that of the fallback', (t) => {
  const both = 'minHealthy: 2, fallback: { address: 10.0.0.29 },';
  t.is(usedWith(['10.0.0.21'], both).use, 'all');
  t.is(usedWith(['10.0.0.21', '10.0.0.22'], both).use, 'fallback');
});

test('with second chance an unhealthy backend keeps its entries in the table, and takes no new flows', (t) => {
  const written = '{ address: 10.0.0.21 }, { address: 10.0.0.22 }, { address: 10.0.0.23, state: draining }';
  const used = usedWith(['10.0.0.21'], 'method: gue, secondChance: {}, fallback: { address: 10.0.0.29 },', written);
  t.like(used, { healthy: '1 of 2', weights: [1, 1, 1, 0], takers: ['10.0.0.22'] });
  const none = usedWith(
    ['10.0.0.21', '10.0.0.22'],
    'method: gue, secondChance: {}, fallback: { address: 10.0.0.29 },',
    written,
  );
  t.like(none, { weights: [1, 1, 1, 1], takers: ['10.0.0.29'] });
});

test('with pinning an unhealthy backend is left out: its rows would send it flows until they have learned', (t) => {
  const used = usedWith(['10.0.0.21'], 'pinning: {},');
  t.like(used, { healthy: '1 of 2', weights: [5, 0], takers: ['10.0.0.22'] });
});

test('with UDP an unhealthy backend is left out: its flows go elsewhere, which would last as long as their clients ask', (t) => {
  t.deepEqual(usedWith(['10.0.0.21'], 'protocol: udp,').weights, [5, 0]);
});
