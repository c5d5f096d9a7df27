import test from 'ava';
import fc from 'fast-check';
import { parseNodeDocument } from '../parse-node-config.js';
import { mergeCluster } from './merge-cluster.js';

const document = parseNodeDocument(
  `node: { name: lb1, interfaces: [eth0], address: 10.0.0.11, localAddresses: [10.0.0.111] }
nodes: { members: [ { name: lb1, address: 10.0.0.11 } ] }
bgp: { asn: 64512, peers: [ { address: 10.0.0.1, asn: 64500 } ] }
services: [ { name: file, vip: 198.51.100.1, port: 80, backends: [ { address: 10.0.0.21 } ] } ]
`,
  'weir.yaml',
);

const address = fc.constantFrom('10.0.0.11', '10.0.0.21', '10.0.0.111', '198.51.100.1', '198.51.100.2', 'fd00::1', 'x');
const number = fc.constantFrom(0, 1, 80, 443, 70_000, -1);
const backend = fc.record(
  { address, port: number, weight: number, state: fc.constantFrom('draining', 'inactive'), maxConnections: number },
  { requiredKeys: ['address'] },
);
const service = fc.record(
  {
    vip: address,
    port: fc.oneof(number, fc.constantFrom('all', '80-90', '85-100')),
    protocol: fc.constantFrom('tcp', 'udp', 'esp'),
    method: fc.constantFrom('nat', 'fullnat', 'dr', 'gue'),
    scheduler: fc.constantFrom('mh', 'wlc', 'rr'),
    secondChance: fc.constant({}),
    backends: fc.array(backend, { maxLength: 3 }),
  },
  { requiredKeys: ['vip', 'port'] },
);
const setting = fc.oneof(
  fc.record({ deny: fc.array(address, { maxLength: 2 }), allow: fc.array(address, { maxLength: 2 }) }),
  fc.record({ members: fc.array(fc.record({ name: fc.constantFrom('lb1', 'lb2'), address }), { maxLength: 2 }) }),
  fc.record({ med: number, nextHop: address }),
);
const key = fc.constantFrom(
  ...['services/a', 'services/b', 'services/file', 'backends/a/1', 'backends/a/2', 'backends/b/1', 'backends/file/1'],
  ...[
    'settings/guard',
    'settings/nodes',
    'settings/announce',
    'settings/timeouts',
    'node-states/lb1',
    'nodes/lb1',
    'x',
  ],
);
const text = fc.oneof(
  fc.oneof(service, backend, setting, fc.jsonValue()).map((value) => JSON.stringify(value)),
  fc.string(),
);
const keys = fc.array(fc.tuple(key, text), { maxLength: 12 }).map((entries) => new Map(entries));

test('whatever stands in etcd now and stood there before, services of weir.yaml are served and every other key is skipped or sound', (t) => {
  fc.assert(
    fc.property(keys, keys, (before, now) => {
      const { good } = mergeCluster(document, before, new Map());
      const merged = mergeCluster(document, now, good);
      const [file] = merged.config.services;
      t.is(file?.name, 'file');
      t.is(file?.backends[0]?.address, '10.0.0.21');
      // What is in force is sound: merged again, nothing more is skipped.
      const again = mergeCluster(document, merged.good, merged.good);
      t.deepEqual(again.config, merged.config);
      for (const skipped of merged.skipped.keys()) t.true(now.has(skipped));
    }),
    { numRuns: 300 },
  );
});
