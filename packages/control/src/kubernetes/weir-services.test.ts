import test from 'ava';
import fc from 'fast-check';
import {
  type KubernetesObject,
  type PodState,
  serviceObject,
  sliceObject,
} from '../test-support/kubernetes-objects.js';
import { parseAddressRange } from './address-range.js';
import { type EndpointSlice, endpointSlice } from './endpoint-slice.js';
import { kubernetesKeys } from './kubernetes-services.js';
import { type LoadBalancerService, loadBalancerService } from './load-balancer-service.js';
import { Objects } from './objects.js';

const POOLS = [
  { name: 'main', autoAssign: true, ranges: ['198.51.100.0/29', '2001:db8::/125'].map(parseAddressRange) },
];
const DEFAULTS = { method: 'fullnat' } as const;

type Settings = NonNullable<Parameters<typeof serviceObject>[1]>;

function written(
  name: string,
  { ingress = ['198.51.100.0'], ...settings }: Settings & { readonly ingress?: readonly string[] } = {},
): KubernetesObject {
  const status = { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } };
  const object = serviceObject(name, { created: '2026-01-01T00:00:00Z', ...settings, status });
  return { ...object, metadata: { ...object.metadata, uid: name, resourceVersion: '1' } };
}

/** What comes of these objects: texts of keys as values, and problems. */
function keysOf(
  services: readonly KubernetesObject[],
  slices: readonly KubernetesObject[],
  lastGood = new Map<string, string>(),
) {
  const read = {
    services: services.map((object) => loadBalancerService(object, 'weir.io/weir') as LoadBalancerService),
    slices: slices.map((object) => endpointSlice(object) as EndpointSlice),
  };
  const { keys, problems } = kubernetesKeys(read, { pools: POOLS, defaults: DEFAULTS }, new Map(), lastGood);
  return {
    keys: [...keys].map(([key, text]) => [key, JSON.parse(text)]),
    texts: keys,
    problems: problems.map(({ reason, message }) => `${reason}: ${message}`),
  };
}

test('a port becomes a service of Weir, with its affinity, and the ports that its pods listen to', (t) => {
  const spec = {
    ports: [
      { name: 'dns', protocol: 'UDP', port: 53, targetPort: 5353 },
      { name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 },
    ],
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } },
  };
  const slice = sliceObject('web', { pods: { '10.3.0.22': 'ready', '10.3.0.21': 'terminating', '10.3.0.23': 'down' } });
  const { keys, problems } = keysOf([written('web', { spec })], [slice]);
  t.deepEqual(problems, []);
  const persistence = { timeout: '600s' };
  t.deepEqual(keys, [
    [
      'services/shop:web:tcp:80',
      {
        vip: '198.51.100.0',
        protocol: 'tcp',
        port: 80,
        method: 'fullnat',
        persistence,
        backends: [
          { address: '10.3.0.21', port: 8080, weight: 0 },
          { address: '10.3.0.22', port: 8080, weight: 1 },
        ],
      },
    ],
    [
      'services/shop:web:udp:53',
      { vip: '198.51.100.0', protocol: 'udp', port: 53, method: 'fullnat', persistence, backends: [] },
    ],
  ]);
});

/** Of the first service. */
function backendsOf(keys: ReturnType<typeof keysOf>['keys']): unknown {
  return (keys[0]?.[1] as { readonly backends?: unknown } | undefined)?.backends;
}

const backendsAre = test.macro({
  title: (title = '') => title,
  exec(t, pods: Readonly<Record<string, PodState>>, expected: readonly string[]) {
    const { keys } = keysOf([written('web')], [sliceObject('web', { pods })]);
    const backends = backendsOf(keys) as readonly { address: string; weight: number }[];
    t.deepEqual(
      backends.map(({ address, weight }) => `${address}*${weight}`),
      expected,
    );
  },
});

test(
  'pods that end take new connections while no other is ready',
  backendsAre,
  { '10.3.0.21': 'terminating', '10.3.0.22': 'down' },
  ['10.3.0.21*1'],
);
test(
  'pods that end take no new connections beside one that is ready',
  backendsAre,
  { '10.3.0.21': 'terminating', '10.3.0.22': 'ready' },
  ['10.3.0.21*0', '10.3.0.22*1'],
);
test('without pods that serve there is no backend', backendsAre, { '10.3.0.22': 'down' }, []);

test('a pod in two slices is one backend, ready if one of them says so', (t) => {
  const slices = [
    sliceObject('web', { pods: { '10.3.0.21': 'terminating', '10.3.0.22': 'ready' } }),
    sliceObject('web', { pods: { '10.3.0.21': 'ready' }, suffix: 'b' }),
  ];
  const { keys } = keysOf([written('web')], slices);
  t.deepEqual(backendsOf(keys), [
    { address: '10.3.0.21', port: 8080, weight: 1 },
    { address: '10.3.0.22', port: 8080, weight: 1 },
  ]);
});

test('a method that leaves ports as they are is refused where they differ, and has no ports where they do not', (t) => {
  const annotations = { 'weir.io/method': 'ipip' };
  const service = written('web', { annotations });
  const { keys, problems } = keysOf([service], [sliceObject('web', { pods: { '10.3.0.21': 'ready' } })]);
  t.deepEqual(keys, []);
  t.deepEqual(problems, [
    "NotSupported: method ipip leaves ports as they are: port 80 can't reach targetPort 8080 of 10.3.0.21; make them equal, or use fullnat",
  ]);
  const equal = keysOf([service], [sliceObject('web', { pods: { '10.3.0.21': 'ready' }, port: 80 })]);
  t.deepEqual(backendsOf(equal.keys), [{ address: '10.3.0.21', weight: 1 }]);
});

const refused = test.macro({
  exec(t, annotations: Readonly<Record<string, string>>, problem: RegExp) {
    const slice = sliceObject('web', { pods: { '10.3.0.21': 'ready' } });
    const good = keysOf([written('web')], [slice]).texts;
    const bad = keysOf([written('web', { annotations })], [slice], new Map(good));
    t.regex(bad.problems.join('\n'), problem);
    t.deepEqual([...bad.texts], [...good], 'what was good before stays');
    const moved = keysOf([written('web', { annotations, ingress: ['198.51.100.1'] })], [slice], new Map(good));
    t.deepEqual([...moved.texts], [], 'but not with an address that the Service has no more');
  },
  title: (what) => `${what} is told of by name and value, and what was good before stays`,
});

test(
  'an unknown method',
  refused,
  { 'weir.io/method': 'fulnat' },
  /^InvalidAnnotation: annotation weir\.io\/method: "fulnat" /,
);
test(
  'an annotation that nobody knows',
  refused,
  { 'weir.io/methods': 'nat' },
  /^InvalidAnnotation: annotation weir\.io\/methods is not known; there are weir\.io\/method, /,
);
test('a toa that is neither', refused, { 'weir.io/toa': 'yes' }, /annotation weir\.io\/toa: "yes" /);
test(
  'a list of addresses with something else in it',
  refused,
  { 'weir.io/addresses': '198.51.100.0, x' },
  /annotation weir\.io\/addresses: "198\.51\.100\.0, x" is not an IP address/,
);
test(
  'options that are no mapping',
  refused,
  { 'weir.io/options': '- slowStart' },
  /annotation weir\.io\/options: "- slowStart" is not a mapping/,
);
test('an option with a wrong value', refused, { 'weir.io/options': '{ slowStart: soon }' }, /slowStart: "soon" /);
test(
  'an option that is misspelt',
  refused,
  { 'weir.io/options': '{ slowstart: 1s }' },
  /slowstart: is not a known key; did you mean "slowStart"/,
);
test(
  'an option that is not for annotations',
  refused,
  { 'weir.io/options': '{ vip: 203.0.113.1 }' },
  /weir\.io\/options: vip is not for annotations/,
);

test(
  'a check that runs programs on nodes',
  refused,
  { 'weir.io/options': '{ healthCheck: { kind: script, command: [/bin/sh] } }' },
  /weir\.io\/options: healthCheck\.kind: "script" runs programs on nodes: it is not for annotations.*\n.*healthCheck\.command is not/,
);
test(
  'a check that reads files of nodes',
  refused,
  { 'weir.io/options': '{ healthCheck: { kind: https, tls: { verify: true, ca: /etc/shadow } } }' },
  /weir\.io\/options: healthCheck\.tls is not for annotations/,
);
test(
  'a fallback at an address that is no pod',
  refused,
  { 'weir.io/options': '{ fallback: { address: 10.0.0.1 } }' },
  /weir\.io\/options: fallback is not for annotations/,
);

const followsPods = test.macro({
  exec(t, annotations: Readonly<Record<string, string>>) {
    const before = sliceObject('web', { pods: { '10.3.0.21': 'ready', '10.3.0.22': 'ready' } });
    const good = keysOf([written('web', { annotations: { 'weir.io/scheduler': 'wlc' } })], [before]).texts;
    const now = sliceObject('web', { pods: { '10.3.0.22': 'terminating', '10.3.0.23': 'ready' } });
    const { keys, problems } = keysOf([written('web', { annotations })], [now], new Map(good));
    t.is(problems.length, 1);
    const [, value] = keys[0] as [string, { readonly scheduler: string; readonly method: string }];
    t.deepEqual([value.method, value.scheduler], ['fullnat', 'wlc']);
    t.deepEqual(backendsOf(keys), [
      { address: '10.3.0.22', port: 8080, weight: 0 },
      { address: '10.3.0.23', port: 8080, weight: 1 },
    ]);
  },
  title: (what) => `${what} keeps the options that were good before, with the pods of now`,
});
test('an annotation that is wrong', followsPods, { 'weir.io/scheduler': 'fastest' });
test('an option that is wrong', followsPods, { 'weir.io/options': '{ slowStart: soon }' });
test('a method that can not be had', followsPods, { 'weir.io/method': 'ipip' });

test('pods whose ports a method can no longer reach are no backends any more', (t) => {
  const service = written('web', { annotations: { 'weir.io/method': 'ipip' } });
  const good = keysOf([service], [sliceObject('web', { pods: { '10.3.0.21': 'ready' }, port: 80 })]).texts;
  const moved = sliceObject('web', { pods: { '10.3.0.21': 'ready' }, port: 8080 });
  const { keys, problems } = keysOf([service], [moved], new Map(good));
  t.regex(problems.join(), /^NotSupported: method ipip leaves ports as they are/);
  t.deepEqual(backendsOf(keys), []);
});

const name = fc.constantFrom('a', 'b', 'c');
const ip = fc.constantFrom('198.51.100.0', '198.51.100.1', '2001:db8::1');
const podState = fc.constantFrom<PodState>('ready', 'terminating', 'down');
const change = fc.oneof(
  fc.record({
    kind: fc.constant('service' as const),
    name,
    ingress: fc.uniqueArray(ip, { maxLength: 2 }),
    day: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    kind: fc.constant('slice' as const),
    name,
    suffix: fc.constantFrom('a', 'b'),
    pods: fc.dictionary(fc.constantFrom('10.3.0.21', '10.3.0.22'), podState),
  }),
  fc.record({ kind: fc.constant('no service' as const), name }),
  fc.record({ kind: fc.constant('no slice' as const), name, suffix: fc.constantFrom('a', 'b') }),
);

test('whatever happened before: nodes that know the same objects have the same services, and no place is of two of them', (t) => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const services = new Objects((object) => loadBalancerService(object, 'weir.io/weir'));
      const slices = new Objects(endpointSlice);
      const last = new Map<string, KubernetesObject>();
      for (const one of changes) {
        if (one.kind === 'service' || one.kind === 'no service') {
          const spec = { ipFamilies: ['IPv4', 'IPv6'] };
          const object = written(
            one.name,
            one.kind === 'service' ? { spec, ingress: one.ingress, created: `2026-01-0${one.day}T00:00:00Z` } : {},
          );
          if (one.kind === 'service') services.change(object, 'all');
          else services.remove(object);
          last.delete(`service ${one.name}`);
          if (one.kind === 'service') last.set(`service ${one.name}`, object);
        } else {
          const object = sliceObject(one.name, { pods: one.kind === 'slice' ? one.pods : {}, suffix: one.suffix });
          if (one.kind === 'slice') slices.change(object, 'all');
          else slices.remove(object);
          last.delete(`slice ${one.name} ${one.suffix}`);
          if (one.kind === 'slice') last.set(`slice ${one.name} ${one.suffix}`, object);
        }
      }
      const config = { pools: POOLS, defaults: DEFAULTS };
      const watched = kubernetesKeys({ services: services.all(), slices: slices.all() }, config, new Map(), new Map());
      // A node that has just started has them from a list, in an order of its own.
      const listed = [...last.values()].reverse();
      const fresh = keysOf(
        listed.filter(({ kind }) => kind === 'Service'),
        listed.filter(({ kind }) => kind === 'EndpointSlice'),
      );
      t.deepEqual([...watched.keys], [...fresh.texts]);
      const places = [...watched.keys.values()]
        .map((text) => JSON.parse(text) as { vip: string; port: number })
        .map(({ vip, port }) => `${vip} ${port}`);
      t.is(new Set(places).size, places.length);
    }),
  );
  t.pass();
});
