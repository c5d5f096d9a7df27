import { startEchoServer, TcpSessions, type TcpSessionsOptions, WeirCluster, waitUntil } from '@weir/lab';
import test from 'ava';
import { backendsOf, type Engine } from './forwarding-cases.js';
import { testAsRoot } from './test-as-root.js';

/** What a service has besides name, VIP and the addresses of its backends. */
interface Plan {
  readonly scheduler: string;
  readonly pinning?: object;
  readonly persistence?: object;
  /** Settings of backends by position. */
  readonly backends?: readonly object[];
}

const leastConnections = ['lc', 'wlc', 'sed', 'nq'] as const;
const weightZero = ['rr', 'wlc', 'mh'] as const;
const [other, even, odd] = ['192.0.2.130', '192.0.2.2', '192.0.2.3'] as const;

/** A service for each test, which finds it without flows, counters and history. */
const plans: Readonly<Record<string, Plan>> = {
  'exactly even': { scheduler: 'rr' },
  'exactly by weight': { scheduler: 'wrr', backends: [{ weight: 3 }, { weight: 2 }, { weight: 1 }] },
  ...Object.fromEntries(
    leastConnections.map((scheduler) => [`idle with ${scheduler}`, { scheduler, backends: [{}, {}, { weight: 0 }] }]),
  ),
  'by source': { scheduler: 'sh' },
  'by destination': { scheduler: 'dh' },
  'lblc by destination': { scheduler: 'lblc', backends: Array(3).fill({ weight: 4 }) },
  'lblcr by destination': { scheduler: 'lblcr', backends: Array(3).fill({ weight: 4 }) },
  'weight 0 with rr': { scheduler: 'rr' },
  'weight 0 with wlc': { scheduler: 'wlc' },
  'weight 0 with mh': { scheduler: 'mh', pinning: { learn: '5s', hold: '60s' } },
  threshold: { scheduler: 'rr', backends: [{ maxConnections: 4, minConnections: 2 }] },
  persistent: { scheduler: 'rr', persistence: { timeout: '60s', netmask: 25 } },
};
const vipOf = (name: string) => `198.51.100.${100 + Object.keys(plans).indexOf(name)}`;

/** Which backend gets a connection. */
export function schedulingSuite(engine: Engine): void {
  let weir: WeirCluster;

  test.before(async () => {
    if (process.getuid?.() !== 0) return;
    weir = await WeirCluster.start({
      nodes: 1,
      backends: 3,
      services: ({ backends }) =>
        Object.entries(plans).map(([name, { backends: settings = [], ...plan }]) => ({
          name,
          vip: vipOf(name),
          port: 'all',
          ...plan,
          backends: backendsOf(backends, 'ipv4').map((backend, index) => ({ ...backend, ...settings[index] })),
        })),
      nodeOptions: { engine, dataplane: { maxServices: 32, tableRows: 251 } },
    });
    for (const { name } of weir.cluster.backends) await startEchoServer(weir.lab.host(name));
    for (const address of [odd, other]) {
      await weir.lab.host('client').output('ip', ['address', 'add', `${address}/24`, 'dev', 'router']);
    }
  });
  test.after.always(async () => weir?.[Symbol.asyncDispose]());

  const open = (name: string, options: Pick<TcpSessionsOptions, 'count' | 'localAddress'>) =>
    TcpSessions.open(weir.lab.host('client'), { address: vipOf(name), ...options });

  /** Changes settings of the backends of a service, by position, from what they were at first. */
  async function change(name: string, settings: readonly object[]): Promise<void> {
    await weir.configure(
      weir.services.map((service) => {
        if (service.name !== name) return service;
        return { ...service, backends: service.backends.map((backend, index) => ({ ...backend, ...settings[index] })) };
      }),
    );
  }

  testAsRoot('rr gives every backend exactly the same number of connections', async (t) => {
    await using sessions = await open('exactly even', { count: 30 });
    t.deepEqual(sessions.backends, { backend1: 10, backend2: 10, backend3: 10 });
  });

  testAsRoot('wrr gives connections by weight, exactly', async (t) => {
    await using sessions = await open('exactly by weight', { count: 30 });
    t.deepEqual(sessions.backends, { backend1: 15, backend2: 10, backend3: 5 });
  });

  for (const scheduler of leastConnections) {
    testAsRoot(`${scheduler} gives the backend that has none the next connections`, async (t) => {
      const name = `idle with ${scheduler}`;
      // One after the other: connections that open at once are all in their handshake, which is not active yet.
      await using first = await open(name, { count: 1 });
      await using second = await open(name, { count: 1 });
      t.notDeepEqual(first.backends, second.backends);
      await change(name, [{}, {}, { weight: 1 }]);
      await using third = await open(name, { count: 1 });
      t.deepEqual(third.backends, { backend3: 1 });
      await Promise.all([first.roundTrip(), second.roundTrip()]);
      t.deepEqual([first.lost, second.lost], [[], []]);
    });
  }

  testAsRoot('sh keeps a client on one backend, and sends clients to different ones', async (t) => {
    const backends = new Set<string>();
    for (let host = 10; host < 20; host++) {
      const localAddress = `192.0.2.${host}`;
      await weir.lab.host('client').output('ip', ['address', 'add', `${localAddress}/24`, 'dev', 'router']);
      await using sessions = await open('by source', { count: 4, localAddress });
      t.deepEqual(Object.values(sessions.backends), [4]);
      for (const name of Object.keys(sessions.backends)) backends.add(name);
    }
    t.true(backends.size > 1, [...backends].join());
  });

  testAsRoot('dh keeps a VIP on one backend, whoever asks', async (t) => {
    await using first = await open('by destination', { count: 4, localAddress: even });
    await using second = await open('by destination', { count: 4, localAddress: other });
    t.deepEqual(Object.values(first.backends), [4]);
    t.deepEqual(second.backends, first.backends);
  });

  for (const scheduler of ['lblc', 'lblcr']) {
    testAsRoot(`${scheduler} keeps a VIP on one backend until that has more connections than its weight`, async (t) => {
      const name = `${scheduler} by destination`;
      const opened: TcpSessions[] = [];
      for (let connection = 0; connection < 6; connection++) opened.push(await open(name, { count: 1 }));
      const backends = opened.flatMap((sessions) => Object.keys(sessions.backends));
      for (const sessions of opened) await sessions.close();
      t.is(new Set(backends.slice(0, 5)).size, 1, backends.join());
      t.not(backends[5], backends[0]);
    });
  }

  for (const scheduler of weightZero) {
    testAsRoot(`weight 0 with ${scheduler}: old connections go on where they are, new ones go elsewhere`, async (t) => {
      const name = `weight 0 with ${scheduler}`;
      await using old = await open(name, { count: 30 });
      t.is(Object.keys(old.backends).length, 3);
      await change(name, [{ weight: 0 }]);
      // With mh, rows first learn which flows they have: for 5 s here.
      const added = await waitUntil('12 new connections to go elsewhere', async () => {
        await using sessions = await open(name, { count: 12 });
        return 'backend1' in sessions.backends ? undefined : sessions.backends;
      });
      // Connections of a try before may still be closing, so that one of the two has fewer: it may get all.
      t.true(Object.keys(added).every((backend) => backend === 'backend2' || backend === 'backend3'));
      await old.roundTrip();
      t.deepEqual(old.lost, []);
    });
  }

  testAsRoot('a backend at its upper threshold gets no connection until it is below the lower one', async (t) => {
    await using sessions = await open('threshold', { count: 24 });
    t.is(sessions.backends.backend1, 4);
    await using more = await open('threshold', { count: 6 });
    t.deepEqual(more.backends, { backend2: 3, backend3: 3 });
  });

  testAsRoot('persistence keeps the clients of a network on one backend, whatever the scheduler says', async (t) => {
    const from = async (localAddress: string) => {
      await using sessions = await open('persistent', { count: 6, localAddress });
      return Object.keys(sessions.backends);
    };
    const first = await from(even);
    t.is(first.length, 1);
    t.deepEqual(await from(odd), first);
    const beyond = await from(other);
    t.is(beyond.length, 1);
    t.notDeepEqual(beyond, first, 'rr comes to the next backend for the next network');
  });
}
