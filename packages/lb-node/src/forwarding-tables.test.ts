import { parseNodeConfig } from '@weir/control';
import test from 'ava';
import { ForwardingPlanner } from './forwarding-tables.js';

const configOf = (backends: string) =>
  parseNodeConfig(
    `node: { interfaces: [eth0] }
services:
  - { name: web, vip: 198.51.100.10, port: all, method: gue, tableRows: 251, backends: [ ${backends} ] }
  - { name: dns, vip: 198.51.100.11, protocol: udp, port: 53, tableRows: 251, backends: [ { address: 10.0.0.30 } ] }`,
    'weir.yaml',
  );

test('services become keys, encapsulation and rows', (t) => {
  const tables = new ForwardingPlanner().plan(configOf('{ address: 10.0.0.21 }, { address: 10.0.0.22, weight: 0 }'), {
    ipv4: '10.0.0.11',
  });
  t.like(tables.services[0], {
    vip: '198.51.100.10',
    protocol: 'tcp',
    port: 0,
    encapsulation: { method: 'gue', port: 6080 },
  });
  t.like(tables.services[1], { protocol: 'udp', port: 53, encapsulation: { method: 'ipip' } });
  t.deepEqual(new Set(Array.from(tables.services[0]?.rows ?? [])), new Set([0]));
});

test('a service that did not change keeps its table, also when a backend is renamed', (t) => {
  const planner = new ForwardingPlanner();
  const [first] = planner.plan(configOf('{ address: 10.0.0.21 }'), {}).services;
  const [renamed, dns] = planner.plan(configOf('{ address: 10.0.0.21, name: web1 }'), {}).services;
  t.is(renamed?.rows, first?.rows);
  const [changed, sameDns] = planner.plan(configOf('{ address: 10.0.0.22 }'), {}).services;
  t.not(changed?.rows, first?.rows);
  t.is(sameDns?.rows, dns?.rows);
});

test('a service whose backends all have weight 0 has no rows', (t) => {
  const tables = new ForwardingPlanner().plan(configOf('{ address: 10.0.0.21, weight: 0 }'), {});
  t.is(tables.services[0]?.rows.length, 0);
});
