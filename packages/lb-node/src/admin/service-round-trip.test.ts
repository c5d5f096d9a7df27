import { ServiceSpec, serviceEntryOf, serviceSpecOf } from '@weir/admin-api';
import { type NodeConfig, parseNodeConfig } from '@weir/control';
import test from 'ava';
import fc from 'fast-check';

const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 3 });
const address = fc.integer({ min: 1, max: 250 }).map((last) => `10.0.0.${last}`);
const duration = fc.constantFrom('500ms', '3s', '2m');
const port = fc.integer({ min: 1, max: 65_535 });
const check = fc.oneof(
  fc.constant('off'),
  fc.record({
    kind: fc.constantFrom('tcp', 'icmp', 'syn'),
    interval: some(duration),
    rise: some(fc.integer({ min: 1, max: 9 })),
    fall: some(fc.integer({ min: 1, max: 9 })),
    damping: some(fc.constantFrom('off', { changes: 4, within: '1m', hold: '30s' })),
  }),
);
const backend = fc.record({
  address,
  weight: some(fc.integer({ min: 0, max: 65_535 })),
  state: some(fc.constantFrom('active', 'draining')),
  maxConnections: some(fc.integer({ min: 0, max: 9999 })),
});
const service = fc.record({
  vip: fc.constantFrom('198.51.100.1', '198.51.100.2'),
  protocol: some(fc.constantFrom('tcp', 'udp')),
  port: fc.oneof(port, fc.constantFrom('all', '8000-8999')),
  method: some(fc.constantFrom('ipip', 'gre', 'dr', 'nat')),
  scheduler: some(fc.constantFrom('rr', 'wlc', 'mh', 'sh')),
  persistence: some(fc.record({ timeout: some(duration), netmask: some(fc.integer({ min: 1, max: 32 })) })),
  mssClamp: some(fc.integer({ min: 536, max: 65_495 })),
  slowStart: some(duration),
  healthCheck: some(check),
  minHealthy: some(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom('50%', '0%', '100%'))),
  fallback: some(fc.record({ address: fc.constant('10.0.1.9') })),
  announce: some(fc.record({ med: some(fc.nat()), communities: some(fc.constant(['64512:1'])) })),
  backends: fc.uniqueArray(backend, { minLength: 1, maxLength: 4, selector: ({ address }) => address }),
});

/** Undefined: it contradicts itself. */
function configOf(entry: object): NodeConfig['services'] | undefined {
  try {
    const document = { node: { name: 'lb1', interfaces: ['eth0'] }, services: [entry] };
    return parseNodeConfig(JSON.stringify(document), 'weir.yaml').services;
  } catch {
    return undefined;
  }
}

test('whatever service weir.yaml may hold, it means the same after its way through the API', (t) => {
  let looked = 0;
  const law = fc.property(service, (written) => {
    const entry = JSON.parse(JSON.stringify({ name: 'web', ...written })) as Record<string, unknown>;
    const before = configOf(entry);
    if (before === undefined) return;
    looked++;
    const bytes = ServiceSpec.encode(serviceSpecOf(entry)).finish();
    t.deepEqual(configOf(serviceEntryOf(ServiceSpec.decode(bytes))), before);
  });
  fc.assert(law, { numRuns: 300 });
  t.true(looked > 30, `${looked}`);
  t.log(`${looked} services`);
});
