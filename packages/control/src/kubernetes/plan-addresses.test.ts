import test from 'ava';
import fc from 'fast-check';
import { serviceObject } from '../test-support/kubernetes-objects.js';
import { isInRange, parseAddressRange } from './address-range.js';
import { grantedAddresses } from './granted-addresses.js';
import type { AddressPool } from './kubernetes-config.js';
import { type LoadBalancerService, loadBalancerService } from './load-balancer-service.js';
import { type AddressPlan, planAddresses } from './plan-addresses.js';

function pool(name: string, addresses: readonly string[], autoAssign = true): AddressPool {
  return { name, autoAssign, ranges: addresses.map(parseAddressRange) };
}

const POOLS = [
  pool('main', ['198.51.100.0/31', '2001:db8::10-2001:db8::11']),
  pool('reserved', ['198.51.100.128/31'], false),
];

interface Wish {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly families?: readonly string[];
  readonly port?: number;
  readonly ingress?: readonly string[];
  readonly spec?: object;
  /** Day of January; Services of one day are in the order of their names. */
  readonly day?: number;
}

function service(name: string, wish: Wish = {}): LoadBalancerService {
  const { annotations = {}, families = ['IPv4'], port = 80, ingress = [], spec, day = 1 } = wish;
  const object = serviceObject(name, {
    annotations,
    created: `2026-01-0${day}T00:00:00Z`,
    spec: { ipFamilies: families, ports: [{ port, protocol: 'TCP' }], ...spec },
    status: { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } },
  });
  const metadata = { ...object.metadata, uid: name, resourceVersion: '1' };
  return loadBalancerService({ ...object, metadata }, 'weir.io/weir') as LoadBalancerService;
}

/** What Services have after a plan. */
function applied(services: readonly LoadBalancerService[], { changes }: AddressPlan): readonly LoadBalancerService[] {
  const byKey = new Map(changes.map((change) => [change.service.key, change.addresses]));
  return services.map((one) => ({ ...one, ingress: byKey.get(one.key) ?? one.ingress }));
}

const both = ['IPv4', 'IPv6'];

function outcome(services: readonly LoadBalancerService[], foreign = new Map<string, string>()) {
  const plan = planAddresses(services, POOLS, foreign);
  return {
    addresses: applied(services, plan).map(({ name, ingress }) => `${name} ${ingress.join(' ')}`),
    problems: plan.problems.map(({ service: key, reason, message }) => `${key} ${reason}: ${message}`),
  };
}

test('Services get the lowest free addresses, one a family, the older ones first', (t) => {
  const services = [
    service('young', { day: 3 }),
    service('old', { families: both }),
    service('middle', { day: 2, families: both }),
  ];
  const { addresses, problems } = outcome(services);
  t.deepEqual(addresses, ['young ', 'old 198.51.100.0 2001:db8::10', 'middle 198.51.100.1 2001:db8::11']);
  t.deepEqual(problems, [
    'shop/young PoolExhausted: no IPv4 address is free in main; give the pool more addresses in weir.yaml, or delete a Service',
  ]);
});

test('an address that a Service has stays its own when an older one comes', (t) => {
  const services = [service('old'), service('young', { day: 2, ingress: ['198.51.100.0'] })];
  t.deepEqual(outcome(services).addresses, ['old 198.51.100.1', 'young 198.51.100.0']);
});

test('of two that have one address the older one keeps it, and the other gets another', (t) => {
  const services = [
    service('young', { day: 2, ingress: ['198.51.100.0'] }),
    service('old', { ingress: ['198.51.100.0'] }),
  ];
  t.deepEqual(outcome(services).addresses, ['young 198.51.100.1', 'old 198.51.100.0']);
  const { addresses, problems } = grantedAddresses(services, POOLS, new Map());
  t.deepEqual(addresses.get('shop/young'), []);
  t.regex(problems[0]?.message ?? '', /198\.51\.100\.0 is not served for it: Service shop\/old has it/);
});

test('an address may be asked for by annotation or by loadBalancerIP, also of a pool that is not assigned from', (t) => {
  const services = [
    service('one', { annotations: { 'weir.io/addresses': '198.51.100.129' } }),
    service('two', { spec: { loadBalancerIP: '198.51.100.128' } }),
    service('three', {
      annotations: { 'weir.io/addresses': '198.51.100.1, 2001:db8::11' },
      families: ['IPv6', 'IPv4'],
    }),
  ];
  const { addresses, problems } = outcome(services);
  t.deepEqual(addresses, ['one 198.51.100.129', 'two 198.51.100.128', 'three 2001:db8::11 198.51.100.1']);
  t.deepEqual(problems, []);
});

const refused = test.macro({
  exec(t, wish: Wish, message: string, foreign?: ReadonlyMap<string, string>) {
    const { addresses, problems } = outcome(
      [service('has', { ingress: ['198.51.100.0'] }), service('asks', { day: 2, ...wish })],
      new Map(foreign),
    );
    t.deepEqual(addresses, ['has 198.51.100.0', 'asks ']);
    t.deepEqual(problems, [`shop/asks AddressNotAvailable: ${message}`]);
  },
  title: (what) => `${what} gets no address, and is told why`,
});

test(
  'who asks for an address of another',
  refused,
  { annotations: { 'weir.io/addresses': '198.51.100.0' } },
  '198.51.100.0 is asked for, but Service shop/has has it; both need the same annotation weir.io/shared-vip, in one namespace, to share it',
);
test(
  'who asks for an address of no pool',
  refused,
  { annotations: { 'weir.io/addresses': '203.0.113.1' } },
  '203.0.113.1 is asked for, and is in none of the pools (main, reserved)',
);
test(
  'who asks for what weir.yaml has',
  refused,
  { annotations: { 'weir.io/addresses': '198.51.100.1' } },
  '198.51.100.1 is asked for, but it is that of service web in weir.yaml',
  new Map([['198.51.100.1', 'service web in weir.yaml']]),
);
test(
  'who asks for an address of another family',
  refused,
  { spec: { loadBalancerIP: '2001:db8::10' } },
  '2001:db8::10 is asked for, and is of no family of the Service; spec.ipFamilies has IPv4',
);

test('Services with one annotation weir.io/shared-vip share an address, each with ports of its own', (t) => {
  const annotations = { 'weir.io/shared-vip': 'mail' };
  const services = [
    service('smtp', { annotations, port: 25 }),
    service('imap', { annotations, port: 143, day: 2 }),
    service('smtp2', { annotations, port: 25, day: 3 }),
  ];
  t.deepEqual(outcome(services).addresses, ['smtp 198.51.100.0', 'imap 198.51.100.0', 'smtp2 198.51.100.1']);
});

test('Services of two namespaces share no address, whatever their annotations say', (t) => {
  const annotations = { 'weir.io/shared-vip': 'mail' };
  const theirs = { ...service('imap', { annotations, port: 143, day: 2 }), namespace: 'other', key: 'other/imap' };
  t.deepEqual(outcome([service('smtp', { annotations, port: 25 }), theirs]).addresses, [
    'smtp 198.51.100.0',
    'imap 198.51.100.1',
  ]);
});

test('an address that is asked for counts for its family alone', (t) => {
  const annotations = { 'weir.io/addresses': '198.51.100.1' };
  const held = { families: both, ingress: ['198.51.100.0', '2001:db8::11'] };
  t.deepEqual(outcome([service('web', { ...held, annotations })]).addresses, ['web 198.51.100.1 2001:db8::11']);
  t.deepEqual(outcome([service('web', { families: both, annotations })]).addresses, ['web 198.51.100.1 2001:db8::10']);
});

const keeps = test.macro({
  exec(t, annotations: Readonly<Record<string, string>>, problem: string) {
    const services = [
      service('web', { ingress: ['198.51.100.1'], annotations }),
      service('other', { day: 2, ingress: ['198.51.100.0'] }),
    ];
    const { addresses, problems } = outcome(services);
    t.deepEqual(addresses, ['web 198.51.100.1', 'other 198.51.100.0']);
    t.deepEqual(problems, [`shop/web AddressNotAvailable: ${problem}`]);
  },
  title: (what) => `${what} keeps the address that it has, and is told why`,
});
test(
  'who asks for a pool that there is none of',
  keeps,
  { 'weir.io/pool': 'mian' },
  'annotation weir.io/pool: "mian" is no pool; there are main, reserved',
);
test(
  'who holds an address and asks for one of another',
  keeps,
  { 'weir.io/addresses': '198.51.100.0' },
  '198.51.100.0 is asked for, but Service shop/other has it; both need the same annotation weir.io/shared-vip, in one namespace, to share it',
);

test('who waits for an address gets it in the same plan in which its holder leaves it', (t) => {
  const services = [
    service('web', { ingress: ['198.51.100.1'], annotations: { 'weir.io/addresses': '198.51.100.0' } }),
    service('other', { day: 2, ingress: ['198.51.100.0'], annotations: { 'weir.io/pool': 'reserved' } }),
  ];
  const { addresses, problems } = outcome(services);
  t.deepEqual(addresses, ['web 198.51.100.0', 'other 198.51.100.128']);
  t.deepEqual(problems, []);
});

test('an address outside the pools is given back for one of them', (t) => {
  t.deepEqual(outcome([service('web', { ingress: ['203.0.113.1'] })]).addresses, ['web 198.51.100.0']);
});

const address = fc.constantFrom(
  '198.51.100.0',
  '198.51.100.1',
  '198.51.100.128',
  '203.0.113.1',
  '2001:db8::10',
  'nonsense',
);
const wish = fc.record(
  {
    annotations: fc.record(
      {
        'weir.io/addresses': address,
        'weir.io/pool': fc.constantFrom('main', 'reserved', 'none'),
        'weir.io/shared-vip': fc.constantFrom('a', 'b'),
      },
      { requiredKeys: [] },
    ),
    families: fc.constantFrom(['IPv4'], ['IPv6'], ['IPv4', 'IPv6']),
    port: fc.constantFrom(80, 443),
    ingress: fc.uniqueArray(address, { maxLength: 2 }),
    day: fc.integer({ min: 1, max: 3 }),
  },
  { requiredKeys: [] },
);
const someServices = fc
  .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), wish), { selector: ([name]) => name })
  .map((all) => all.map(([name, of]) => service(name, of as Wish)));

test('whatever Services ask for and have: a plan leads to rest, and no address is of two that do not share it', (t) => {
  fc.assert(
    fc.property(someServices, (services) => {
      const after = applied(services, planAddresses(services, POOLS, new Map()));
      t.deepEqual(planAddresses(after, POOLS, new Map()).changes, []);
      const granted = grantedAddresses(after, POOLS, new Map());
      t.deepEqual(granted.problems, []);
      t.deepEqual(
        after.map(({ key, ingress }) => [key, ingress]),
        after.map(({ key }) => [key, granted.addresses.get(key)]),
      );
      const places = new Map<string, string>();
      for (const { ingress, ports, annotations, key } of after) {
        for (const own of ingress) {
          t.true(POOLS.some(({ ranges }) => ranges.some((range) => isInRange(range, own))));
          t.false(
            places.has(`${own} ${ports[0]?.port}`),
            `${key} has the place of ${places.get(`${own} ${ports[0]?.port}`)}`,
          );
          places.set(`${own} ${ports[0]?.port}`, key);
          const others = after.filter((other) => other.key !== key && other.ingress.includes(own));
          t.true(
            others.every(
              (other) =>
                other.annotations['weir.io/shared-vip'] === annotations['weir.io/shared-vip'] &&
                annotations['weir.io/shared-vip'] !== undefined,
            ),
          );
        }
      }
    }),
  );
  t.pass();
});

test('the order in which Services became known changes nothing', (t) => {
  const shuffled = someServices.chain((services) =>
    fc.tuple(fc.constant(services), fc.shuffledSubarray([...services], { minLength: services.length })),
  );
  fc.assert(
    fc.property(shuffled, ([services, others]) => {
      const byKey = ({ changes }: AddressPlan) =>
        changes.map(({ service: { key }, addresses }) => `${key} ${addresses.join(' ')}`).sort();
      t.deepEqual(byKey(planAddresses(services, POOLS, new Map())), byKey(planAddresses(others, POOLS, new Map())));
      const granted = [services, others].map((all) => [...grantedAddresses(all, POOLS, new Map()).addresses].sort());
      t.deepEqual(granted[0], granted[1]);
    }),
  );
  t.pass();
});
