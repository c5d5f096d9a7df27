import test from 'ava';
import { BackendSpec, ServiceSpec } from './generated/weir/admin/v1/services.js';
import { backendEntryOf, backendSpecOf, type Entry, serviceEntryOf, serviceSpecOf } from './service-document.js';

const entries: readonly Entry[] = [
  { name: 'web', vip: '198.51.100.1', port: 80, backends: [{ address: '10.0.0.1' }] },
  {
    name: 'all',
    listeners: [
      { vip: '198.51.100.1', port: '8000-8999' },
      { vip: '2001:db8::1', protocol: 'udp', port: 'all' },
    ],
    method: 'gue',
    guePort: 6081,
    gueHeader: 'none',
    scheduler: 'wlc',
    tableRows: 65_537,
    mssClamp: 1400,
    slowStart: '30s',
    persistence: { timeout: '5m', netmask: 24 },
    pinning: { learn: '60s', hold: '15m' },
    secondChance: { choices: 2, hashFields: ['source'], seed: '00112233445566778899aabbccddeeff' },
    healthCheck: { kind: 'https', port: 8443, tls: { verify: true }, damping: { changes: 3 }, command: ['/bin/true'] },
    minHealthy: '50%',
    passiveCheck: { attempts: 10, failures: '50%', within: '10s', ejectFor: '30s', maxEjected: '50%' },
    fallback: { address: '10.0.0.9', port: 80 },
    announce: { communities: ['64512:100'], med: 10 },
    backends: [
      { name: 'a', address: '10.0.0.1', port: 8080, weight: 0, maxConnections: 10, healthCheck: 'off' },
      { address: '10.0.0.2', state: 'draining', healthCheck: { damping: 'off' } },
    ],
    discovery: [{ dns: { name: 'web.example' } }],
  },
  { name: 'none', vip: '198.51.100.2', protocol: 'esp', port: 'all', healthCheck: 'off', minHealthy: 2, toa: false },
];

for (const entry of entries) {
  test(`service ${String(entry.name)} is the same after its way over the wire`, (t) => {
    const bytes = ServiceSpec.encode(serviceSpecOf(entry)).finish();
    t.deepEqual(serviceEntryOf(ServiceSpec.decode(bytes)), entry);
  });
}

test('pinning that is off is not there, as is its default', (t) => {
  t.is(serviceSpecOf({ name: 'x', vip: '198.51.100.1', port: 1, pinning: 'off' }).pinning, undefined);
});

test('a weight of 0 is not the default weight', (t) => {
  t.is(backendSpecOf({ address: '10.0.0.1' }).weight, undefined);
  const bytes = BackendSpec.encode(backendSpecOf({ address: '10.0.0.1', weight: 0 })).finish();
  t.deepEqual(backendEntryOf(BackendSpec.decode(bytes)), { address: '10.0.0.1', weight: 0 });
});

test('a discovery that is no JSON stays what it is, for the schema to refuse', (t) => {
  t.is(serviceEntryOf(ServiceSpec.fromPartial({ name: 'x', discoveryJson: '{' })).discovery, '{');
});
