import { parseNodeConfig } from '@weir/control';
import test from 'ava';
import { ForwardingPlanner } from './forwarding-tables.js';
import { usedService } from './used-backends.js';

const ROWS = 251;
const configOf = (web: string, more = '') =>
  parseNodeConfig(
    `node: { interfaces: [eth0], localAddresses: [10.0.0.111] }
dataplane: { timeouts: { tcp: 10s, tcpFin: 10s, tcpSyn: 10s, udp: 10s } }
${more}
services:
  - { name: web, vip: 198.51.100.10, tableRows: ${ROWS}, ${web} }
  - { name: dns, vip: 198.51.100.11, protocol: udp, port: 53, tableRows: ${ROWS}, backends: [ { address: 10.0.0.30 } ] }`,
    'weir.yaml',
  );
const gue = (backends: string) => configOf(`port: all, method: gue, backends: [ ${backends} ]`);
const backends = (...addresses: readonly string[]) =>
  `backends: [ ${addresses.map((address) => `{ address: ${address} }`).join()} ]`;

/** The services of the first plan of a planner. */
function firstPlan(config: ReturnType<typeof configOf>) {
  return new ForwardingPlanner().plan(config, {}, 0).tables.services;
}

/** How many rows point at each backend. */
function shares(rows: ArrayLike<number>): readonly number[] {
  const counts: number[] = [];
  for (const index of Array.from(rows)) counts[index] = (counts[index] ?? 0) + 1;
  return Array.from(counts, (count) => count ?? 0);
}

test('services become listeners, a forwarding method, a scheduling and rows', (t) => {
  const [web, dns] = firstPlan(gue('{ address: 10.0.0.21 }, { address: 10.0.0.22, weight: 0 }'));
  t.like(web, {
    listeners: [{ vip: '198.51.100.10', protocol: 'tcp', port: 0 }],
    forwarding: { method: 'gue', port: 6080, header: 'gue' },
    scheduling: { pick: 'hash', of: 'flow' },
  });
  t.like(dns, { listeners: [{ protocol: 'udp', port: 53 }], forwarding: { method: 'ipip' } });
  t.deepEqual(new Set(Array.from(web?.rows ?? [])), new Set([0]));
});

test('everything that a service may say reaches the data plane, in its units', (t) => {
  const config = parseNodeConfig(
    `node: { interfaces: [eth0], localAddresses: [10.0.0.111] }
guard: { deny: [192.0.2.0/24], newFlowsPerSource: 100 }
services:
  - name: shop
    listeners: [ { vip: 198.51.100.10, port: 80 }, { vip: 198.51.100.10, port: 8000-8999 } ]
    method: fullnat
    toa: true
    scheduler: wlc
    persistence: { timeout: 2m, netmask: 24 }
    mssClamp: 1400
    backends: [ { address: 10.0.0.21, port: 8080, weight: 3, maxConnections: 10, minConnections: 8 } ]`,
    'weir.yaml',
  );
  const { tables } = new ForwardingPlanner().plan(config, { ipv4: '10.0.0.11' }, 0);
  t.deepEqual(tables, {
    services: [
      {
        listeners: [
          { vip: '198.51.100.10', protocol: 'tcp', port: 80 },
          { vip: '198.51.100.10', protocol: 'tcp', port: { first: 8000, last: 8999 } },
        ],
        forwarding: { method: 'fullnat', toa: true },
        scheduling: { pick: 'least', cost: 'wlc' },
        persistence: { timeoutMs: 120_000, prefix4: 24, prefix6: 128 },
        mssClamp: 1400,
        backends: [{ address: '10.0.0.21', port: 8080, weight: 3, upperConnections: 10, lowerConnections: 8 }],
        rows: new Uint32Array([0]),
      },
    ],
    sources: { ipv4: '10.0.0.11' },
    localAddresses: ['10.0.0.111'],
    hashSeed: 0n,
    timeouts: {
      tcpSynMs: 60_000,
      tcpEstablishedMs: 900_000,
      tcpFinMs: 120_000,
      tcpCloseMs: 10_000,
      udpMs: 300_000,
      otherMs: 300_000,
      fragmentMs: 15_000,
    },
    guard: { deny: ['192.0.2.0/24'], allow: [], newFlowsPerSecond: 0, newFlowsPerSource: 100 },
  });
});

const weighted =
  'backends: [ { address: 10.0.0.21, weight: 2 }, { address: 10.0.0.22 }, { address: 10.0.0.23, weight: 0 } ]';
const schedulers: readonly (readonly [string, object, (rows: ArrayLike<number>) => boolean])[] = [
  ['mh', { pick: 'hash', of: 'flow' }, isTable],
  ['rendezvous', { pick: 'hash', of: 'flow' }, isTable],
  ['sh', { pick: 'hash', of: 'source' }, isTable],
  ['dh', { pick: 'hash', of: 'destination' }, isTable],
  ['wrr', { pick: 'next' }, (rows) => shares(rows).join() === '2,1'],
  ['rr', { pick: 'next' }, isEachOnce],
  ['lc', { pick: 'least', cost: 'lc' }, isEachOnce],
  ['wlc', { pick: 'least', cost: 'wlc' }, isEachOnce],
  ['sed', { pick: 'least', cost: 'sed' }, isEachOnce],
  ['nq', { pick: 'least', cost: 'nq' }, isEachOnce],
  ['lblc', { pick: 'locality', replicas: false }, isEachOnce],
  ['lblcr', { pick: 'locality', replicas: true }, isEachOnce],
];
for (const [scheduler, scheduling, areRows] of schedulers) {
  test(`${scheduler} has its pick, and rows for those with a weight only`, (t) => {
    const [web] = firstPlan(configOf(`port: 80, scheduler: ${scheduler}, ${weighted}`));
    t.deepEqual(web?.scheduling as object, scheduling);
    t.true(areRows(web?.rows ?? []), Array.from(web?.rows ?? []).join());
    t.deepEqual(
      web?.backends.map(({ weight }) => weight),
      [2, 1, 0],
    );
  });
}

/** Two rows of three for the first member, one for the second, give or take what a hash does. */
function isTable(rows: ArrayLike<number>): boolean {
  const [first = 0, second = 0, ...others] = shares(rows);
  return others.length === 0 && first + second === ROWS && first > 1.5 * second && first < 2.7 * second;
}

function isEachOnce(rows: ArrayLike<number>): boolean {
  return Array.from(rows).join() === '0,1';
}

test('a service that did not change keeps its table, also when a backend is renamed', (t) => {
  const planner = new ForwardingPlanner();
  const servicesOf = (web: string) => planner.plan(gue(web), {}, 0).tables.services;
  const [first] = servicesOf('{ address: 10.0.0.21 }');
  const [renamed, dns] = servicesOf('{ address: 10.0.0.21, name: web1 }');
  t.is(renamed?.rows, first?.rows);
  const [changed, sameDns] = servicesOf('{ address: 10.0.0.22 }');
  t.not(changed?.rows, first?.rows);
  t.is(sameDns?.rows, dns?.rows);
});

test('a service whose backends all have weight 0 has no rows', (t) => {
  t.is(firstPlan(gue('{ address: 10.0.0.21, weight: 0 }'))[0]?.rows.length, 0);
});

test('one address with two ports is two members', (t) => {
  const ports = [81, 82].map((port) => `{ address: 10.0.0.21, port: ${port} }`).join();
  const [web] = firstPlan(configOf(`port: 80, method: nat, backends: [ ${ports} ]`));
  t.is(shares(web?.rows ?? []).length, 2);
});

test('with slow start the share of a new backend grows second by second to its whole', (t) => {
  const planner = new ForwardingPlanner();
  const planOf = (nowMs: number, ...addresses: readonly string[]) => {
    const plan = planner.plan(
      configOf(`port: 80, scheduler: mh, slowStart: 10s, ${backends(...addresses)}`),
      {},
      nowMs,
    );
    return { share: shares(plan.tables.services[0]?.rows ?? []), againInMs: plan.againInMs };
  };
  t.deepEqual(planOf(0, '10.0.0.21'), { share: [ROWS], againInMs: undefined });
  const growing = [1000, 2000, 6000].map((nowMs) => planOf(nowMs, '10.0.0.21', '10.0.0.22'));
  // Weights 100 to 1, 10 and 50.
  t.deepEqual(
    growing.map(({ share }) => share),
    [
      [249, 2],
      [228, 23],
      [167, 84],
    ],
  );
  t.true(growing.every(({ againInMs }) => againInMs === 1000));
  t.deepEqual(planOf(11_000, '10.0.0.21', '10.0.0.22'), { share: [126, 125], againInMs: undefined });
});

test('a backend that gets its weight back starts slowly as well, one that always had it does not', (t) => {
  const planner = new ForwardingPlanner();
  const weightsOf = (nowMs: number, weight: number) => {
    const web = `backends: [ { address: 10.0.0.21, weight: 2 }, { address: 10.0.0.22, weight: ${weight} } ]`;
    const plan = planner.plan(configOf(`port: 80, scheduler: wlc, slowStart: 10s, ${web}`), {}, nowMs);
    return plan.tables.services[0]?.backends.map((backend) => backend.weight);
  };
  t.deepEqual(weightsOf(0, 2), [2, 2]);
  t.deepEqual(weightsOf(1000, 0), [2, 0]);
  t.deepEqual(weightsOf(2000, 2), [200, 1]);
  t.deepEqual(weightsOf(7000, 2), [200, 100]);
  t.deepEqual(weightsOf(12_000, 2), [2, 2]);
});

test('a service whose backends are all new serves at once', (t) => {
  const planner = new ForwardingPlanner();
  const planOf = (address: string) =>
    planner.plan(configOf(`port: 80, scheduler: rendezvous, slowStart: 10s, ${backends(address)}`), {}, 0);
  planOf('10.0.0.21');
  t.is(planOf('10.0.0.22').tables.services[0]?.rows.length, ROWS);
});

test('pinned rows learn before they move, are kept while they hold, and then are left alone', (t) => {
  const planner = new ForwardingPlanner();
  const planOf = (nowMs: number, ...addresses: readonly string[]) => {
    const web = `port: 80, pinning: { learn: 5s, hold: 21s }, ${backends(...addresses)}`;
    const { tables, againInMs } = planner.plan(configOf(web), {}, nowMs);
    const { rows = [], keptRows = [] } = tables.services[0] ?? {};
    return { rows: Array.from(rows), kept: Array.from(keptRows), againInMs };
  };
  const before = planOf(0, '10.0.0.21', '10.0.0.22');
  t.deepEqual([before.kept.length, before.againInMs], [0, undefined]);
  const wanted = firstPlan(configOf(`port: 80, ${backends('10.0.0.21', '10.0.0.22', '10.0.0.23')}`))[0]?.rows ?? [];

  const learning = planOf(1000, '10.0.0.21', '10.0.0.22', '10.0.0.23');
  const moving = before.rows.flatMap((index, row) => (wanted[row] === index ? [] : [row]));
  t.deepEqual(learning, { rows: before.rows, kept: moving, againInMs: 5000 });
  t.is(planOf(3000, '10.0.0.21', '10.0.0.22', '10.0.0.23').againInMs, 3000);

  const moved = planOf(6000, '10.0.0.21', '10.0.0.22', '10.0.0.23');
  t.deepEqual(moved, { rows: Array.from(wanted), kept: moving, againInMs: 7000 });
  t.is(planOf(25_500, '10.0.0.21', '10.0.0.22', '10.0.0.23').againInMs, 1500);
  t.deepEqual(planOf(27_000, '10.0.0.21', '10.0.0.22', '10.0.0.23'), { ...moved, kept: [], againInMs: undefined });
});

test('a row that the data plane needs is held on, and no other of its service or of another', (t) => {
  const planner = new ForwardingPlanner();
  const planOf = (nowMs: number, ...addresses: readonly string[]) => {
    const web = `port: 80, pinning: { learn: 5s, hold: 20s }, ${backends(...addresses)}`;
    const { services } = planner.plan(configOf(web), {}, nowMs).tables;
    return Array.from(services[0]?.keptRows ?? []);
  };
  planOf(0, '10.0.0.21');
  const [needed = 0, ...free] = planOf(2000, '10.0.0.21', '10.0.0.22');
  t.true(free.length > 0);
  t.deepEqual(planOf(7000, '10.0.0.21', '10.0.0.22'), [needed, ...free]);
  planner.need(
    new Map([
      ['198.51.100.10:80/tcp', [needed]],
      ['198.51.100.11:53/udp', free],
    ]),
    20_000,
  );
  t.deepEqual(planOf(27_000, '10.0.0.21', '10.0.0.22'), [needed]);
  t.deepEqual(planOf(40_000, '10.0.0.21', '10.0.0.22'), []);
});

test('rows of a backend that drains learn first as well, and a hash table of one backend is left', (t) => {
  const planner = new ForwardingPlanner();
  const sharesAt = (nowMs: number, weight: number) => {
    const drained = `backends: [ { address: 10.0.0.21, weight: ${weight} }, { address: 10.0.0.22 } ]`;
    const plan = planner.plan(configOf(`port: 80, pinning: { learn: 5s, hold: 20s }, ${drained}`), {}, nowMs);
    return shares(plan.tables.services[0]?.rows ?? []);
  };
  t.deepEqual(sharesAt(0, 1), [126, 125]);
  t.deepEqual(sharesAt(1000, 0), [126, 125]);
  t.deepEqual(sharesAt(6000, 0), [0, ROWS]);
});

test('rows of a removed backend move at once, pinned or not', (t) => {
  const planner = new ForwardingPlanner();
  const planOf = (...addresses: readonly string[]) =>
    planner.plan(configOf(`port: 80, pinning: { hold: 20s }, ${backends(...addresses)}`), {}, 0).tables.services[0];
  planOf('10.0.0.21', '10.0.0.22');
  const alone = planOf('10.0.0.22');
  t.deepEqual(shares(alone?.rows ?? []), [ROWS]);
});

test("with second chance an unhealthy backend is nobody's first choice, and still one of the choices", async (t) => {
  const config = parseNodeConfig(
    `node: { interfaces: [eth0] }
services: [ { name: web, vip: 198.51.100.10, port: 80, method: gue, secondChance: {}, ${backends('10.0.0.21', '10.0.0.22', '10.0.0.23')} } ]`,
    'weir.yaml',
  );
  const isHealthy = (_: object, { address }: { readonly address: string }) => address !== '10.0.0.22';
  const used = { ...config, services: config.services.map((service) => usedService(service, isHealthy).service) };
  const planner = new ForwardingPlanner();
  await planner.prepare(used, new Set(), 0);
  const rows = Array.from(planner.plan(used, {}, 0).tables.services[0]?.rows ?? []);
  t.deepEqual([...new Set(rows.filter((_, i) => i % 3 === 0))].sort(), [0, 2]);
  t.true(rows.includes(1));
});

test('rows of an unhealthy backend move at once, pinned or not', (t) => {
  const planner = new ForwardingPlanner();
  const config = configOf(`port: 80, pinning: { learn: 5s, hold: 20s }, ${backends('10.0.0.21', '10.0.0.22')}`);
  const rowsWith = (unhealthy: string) => {
    const isHealthy = (_: object, { address }: { readonly address: string }) => address !== unhealthy;
    const services = config.services.map((service) => usedService(service, isHealthy).service);
    return planner.plan({ ...config, services }, {}, 0).tables.services[0];
  };
  t.deepEqual(shares(rowsWith('nobody')?.rows ?? []), [126, 125]);
  const alone = rowsWith('10.0.0.21');
  t.deepEqual([alone?.backends.map(({ address }) => address), shares(alone?.rows ?? [])], [['10.0.0.22'], [ROWS]]);
});
