import { parseNodeConfig } from '@weir/control';
import test from 'ava';
import { parse } from 'yaml';
import { configYaml } from './config-yaml.js';

const none = { services: () => [], backends: () => [] };
const SMALL = 'node: { name: lb1, interfaces: [eth0], address: 10.0.0.11 } # ours\n';

test('services are those in force, with their backends, wherever they stand; secrets are left out', (t) => {
  const text = `${SMALL}bgp: { asn: 64512, peers: [ { address: 10.0.0.1, asn: 64500, password: hunter2 } ] }
services: [ { name: old, vip: 198.51.100.1, port: 80, backends: [ { address: 10.0.0.20 } ] } ]
`;
  const yaml = configYaml(text, parseNodeConfig(text, 'weir.yaml'), {
    services: () => [{ name: 'web', document: { name: 'web', vip: '198.51.100.2', port: 80 } }],
    backends: () => [{ service: 'web', document: { address: '10.0.0.21', weight: 2 } }],
  });

  t.deepEqual(parse(yaml), {
    node: { name: 'lb1', interfaces: ['eth0'], address: '10.0.0.11' },
    bgp: { asn: 64512, peers: [{ address: '10.0.0.1', asn: 64500, password: '(secret)' }] },
    services: [{ name: 'web', vip: '198.51.100.2', port: 80, backends: [{ address: '10.0.0.21', weight: 2 }] }],
  });
});

test('of a node with etcd, settings are those in force and not those of the file', (t) => {
  const text = `${SMALL}etcd: { endpoints: ["127.0.0.1:2379"], cluster: main, password: x, username: y }
guard: { newFlowsPerSecond: 5 }
`;
  const config = parseNodeConfig(text.replace('5', '7'), 'weir.yaml');
  const { guard, dataplane, node } = parse(configYaml(text, config, none));

  t.is(guard.newFlowsPerSecond, 7);
  t.is(dataplane.timeouts.tcp, '900s');
  t.is(node.state, 'active');
});

test('what is told is a configuration that can be put in force again', (t) => {
  const text = `${SMALL}services: []\n`;
  const config = parseNodeConfig(text, 'weir.yaml');

  t.deepEqual(parseNodeConfig(configYaml(text, config, none), 'weir.yaml'), config);
});
