import test from 'ava';
import { defaultRouters, keepResolved, lookAround } from './next-hops.js';
import { eventually } from './test-support/eventually.js';
import { enterPrivateNetwork, isRoot, sh } from './test-support/private-network.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: namespaces need root\n');

test.before(() => {
  if (!isRoot) return;
  enterPrivateNetwork();
  sh('ip route add 10.1.0.0/16 via 10.0.0.21');
  sh('ip route add 10.2.0.0/16 via inet6 fd00::21');
  sh('ip route add unreachable 10.3.0.0/16');
});

interface Neighbour {
  readonly dst: string;
  readonly managed?: null;
  readonly protocol?: string;
}
const routesTo = async (addresses: readonly string[]) => (await lookAround(addresses)).routes;
/** Addresses of the neighbours that the kernel keeps resolved, sorted. */
function managedNeighbours(): readonly string[] {
  const all = JSON.parse(sh('ip -json neigh show')) as readonly Neighbour[];
  return all.flatMap(({ dst, managed }) => (managed === undefined ? [] : [dst])).sort();
}

testAsRoot(
  'a route names the neighbour, the interface and the source, on the link and behind gateways of both families',
  async (t) => {
    const routes = await routesTo(['10.0.0.21', 'fd00::21', '10.1.0.1', '10.2.0.1']);
    t.deepEqual(
      [...routes],
      [
        ['10.0.0.21', { neighbour: '10.0.0.21', interface: 'eth0', source: '10.0.0.11' }],
        ['fd00::21', { neighbour: 'fd00::21', interface: 'eth0', source: 'fd00::11' }],
        ['10.1.0.1', { neighbour: '10.0.0.21', interface: 'eth0', source: '10.0.0.11' }],
        ['10.2.0.1', { neighbour: 'fd00::21', interface: 'eth0', source: '10.0.0.11' }],
      ],
    );
  },
);

testAsRoot('an address without a route is missing, and takes none of the others with it', async (t) => {
  const routes = await routesTo(['203.0.113.1', '10.3.0.1', '10.0.0.21']);
  t.deepEqual([...routes.keys()], ['10.0.0.21']);
});

testAsRoot('the routers of default routes are found, on one path, on several, and of the other family', async (t) => {
  t.is((await defaultRouters()).size, 0);
  sh('ip route add default nexthop via 10.0.0.21 nexthop via 10.0.0.22');
  sh('ip -6 route add default via fd00::21');
  sh('ip route add default via inet6 fd00::22 dev eth0 metric 10');
  t.teardown(() => {
    for (const family of ['-4', '-6']) sh(`ip ${family} route flush default`);
  });
  t.deepEqual(
    new Map(await defaultRouters()),
    new Map(
      ['10.0.0.21', '10.0.0.22', 'fd00::22', 'fd00::21'].map((address) => [
        address,
        { neighbour: address, interface: 'eth0' },
      ]),
    ),
  );
});

testAsRoot('who asks for no address learns what neighbours there are', async (t) => {
  sh('ip neigh replace 10.0.0.31 lladdr 02:00:00:00:00:31 dev eth0 nud permanent');
  t.teardown(() => sh('ip neigh del 10.0.0.31 dev eth0'));
  const { routes, neighbours } = await lookAround([]);
  t.is(routes.size, 0);
  t.like(
    neighbours.find(({ dst }) => dst === '10.0.0.31'),
    { dev: 'eth0', state: ['PERMANENT'] },
  );
});

testAsRoot('backends behind one gateway are resolved with it, and the kernel is told to keep it so', async (t) => {
  const routes = await routesTo(['10.0.0.21', '10.1.0.1', '10.1.0.2']);
  const resolved = await eventually('10.0.0.21 to be resolved', async () => {
    const now = await keepResolved(routes);
    return now.size > 0 ? now : undefined;
  });
  t.deepEqual(resolved, new Set(['10.0.0.21', '10.1.0.1', '10.1.0.2']));
  t.deepEqual(managedNeighbours(), ['10.0.0.21']);
});

testAsRoot('a neighbour that nobody answers for is not resolved', async (t) => {
  const routes = await routesTo(['10.0.0.99', 'fd00::21']);
  const resolved = await eventually('fd00::21 to be resolved', async () => {
    const now = await keepResolved(routes);
    return now.size > 0 ? now : undefined;
  });
  t.deepEqual(resolved, new Set(['fd00::21']));
});

testAsRoot('a neighbour with a fixed address is resolved, and stays fixed', async (t) => {
  sh('ip neigh replace 10.0.0.30 lladdr 02:00:00:00:00:30 dev eth0 nud permanent');
  t.teardown(() => sh('ip neigh del 10.0.0.30 dev eth0'));
  t.deepEqual(await keepResolved(await routesTo(['10.0.0.30'])), new Set(['10.0.0.30']));
  t.regex(sh('ip neigh show 10.0.0.30'), /02:00:00:00:00:30 PERMANENT/);
});

testAsRoot(
  'a neighbour that no route leads to any more is let go of; one that somebody else keeps stays',
  async (t) => {
    sh('ip neigh replace 10.0.0.40 dev eth0 managed');
    t.teardown(() => sh('ip neigh del 10.0.0.40 dev eth0'));
    await keepResolved(await routesTo(['10.0.0.21', 'fd00::21']));
    t.deepEqual(managedNeighbours(), ['10.0.0.21', '10.0.0.40', 'fd00::21']);
    await keepResolved(await routesTo(['fd00::21']));
    t.deepEqual(managedNeighbours(), ['10.0.0.40', 'fd00::21']);
    await keepResolved(new Map());
    t.deepEqual(managedNeighbours(), ['10.0.0.40']);
  },
);
