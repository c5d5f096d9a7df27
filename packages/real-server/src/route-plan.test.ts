import test from 'ava';
import { planRoutes, type ShownRoute } from './route-plan.js';

const copied: readonly (readonly [string, ShownRoute, string])[] = [
  [
    'a default route',
    { dst: 'default', gateway: '10.0.0.1', dev: 'eth0' },
    'default advmss 1428 via 10.0.0.1 dev eth0',
  ],
  [
    'a connected route',
    { dst: '10.0.0.0/24', dev: 'eth0', scope: 'link' },
    '10.0.0.0/24 scope link advmss 1428 dev eth0',
  ],
  [
    'a metric',
    { dst: 'default', gateway: '10.0.0.1', dev: 'eth0', metric: 100 },
    'default metric 100 advmss 1428 via 10.0.0.1 dev eth0',
  ],
  [
    'a gateway that is not on the link',
    { dst: 'default', gateway: '192.0.2.1', dev: 'eth0', flags: ['onlink'] },
    'default advmss 1428 via 192.0.2.1 dev eth0 onlink',
  ],
  [
    'a gateway of the other family',
    { dst: 'default', via: { family: 'inet6', host: 'fe80::1' }, dev: 'eth0' },
    'default advmss 1428 via inet6 fe80::1 dev eth0',
  ],
  [
    'several next hops',
    {
      dst: 'default',
      nexthops: [
        { gateway: '10.0.0.1', dev: 'eth0', weight: 1 },
        { gateway: '10.0.1.1', dev: 'eth1', weight: 3 },
      ],
    },
    'default advmss 1428 nexthop via 10.0.0.1 dev eth0 weight 1 nexthop via 10.0.1.1 dev eth1 weight 3',
  ],
  ['a refusal', { dst: '10.7.0.0/16', type: 'blackhole' }, 'blackhole 10.7.0.0/16'],
  [
    'an MTU of its own, and the lesser MSS that goes with it,',
    { dst: 'default', gateway: '10.0.0.1', dev: 'eth0', metrics: [{ mtu: 1400 }] },
    'default mtu 1400 advmss 1360 via 10.0.0.1 dev eth0',
  ],
  [
    'a lesser MSS of its own',
    { dst: 'default', gateway: '10.0.0.1', dev: 'eth0', metrics: [{ advmss: 1200, initcwnd: 30 }] },
    'default initcwnd 30 advmss 1200 via 10.0.0.1 dev eth0',
  ],
];
for (const [title, route, words] of copied) {
  test(`${title} is kept in the copy`, (t) => {
    t.deepEqual(planRoutes([route], [], 1428, 'ipv4'), { replace: [words], remove: [] });
  });
}

test('connected routes are written before those that need them', (t) => {
  const { replace } = planRoutes(
    [
      { dst: 'default', gateway: '10.0.0.1', dev: 'eth0' },
      { dst: '10.0.0.0/24', dev: 'eth0', scope: 'link' },
    ],
    [],
    1428,
    'ipv4',
  );
  t.deepEqual(
    replace.map((words) => words.split(' ')[0]),
    ['10.0.0.0/24', 'default'],
  );
});

test('link-local, loopback and dead routes are not copied', (t) => {
  const routes: ShownRoute[] = [
    { dst: 'fe80::/64', dev: 'eth0' },
    { dst: '10.0.0.0/8', dev: 'lo' },
    { dst: '10.1.0.0/16', dev: 'eth1', flags: ['dead', 'linkdown'] },
  ];
  t.deepEqual(planRoutes(routes, [], 1428, 'ipv4'), { replace: [], remove: [] });
});

test('only differences are planned: a changed gateway is replaced, a route that went is removed', (t) => {
  const metrics = [{ advmss: 1428 }];
  const current: ShownRoute[] = [
    { dst: 'default', gateway: '10.0.0.1', dev: 'eth0', metrics, table: '17700' },
    { dst: '10.1.0.0/16', gateway: '10.0.0.1', dev: 'eth0', metrics, table: '17700' },
    { dst: '10.2.0.0/16', gateway: '10.0.0.1', dev: 'eth0', metric: 20, metrics, table: '17700' },
  ];
  const main: ShownRoute[] = [
    { dst: 'default', gateway: '10.0.0.9', dev: 'eth0' },
    { dst: '10.1.0.0/16', gateway: '10.0.0.1', dev: 'eth0' },
  ];
  t.deepEqual(planRoutes(main, current, 1428, 'ipv4'), {
    replace: ['default advmss 1428 via 10.0.0.9 dev eth0'],
    remove: ['10.2.0.0/16 metric 20'],
  });
});
