import { parseNodeConfig } from '@weir/control';
import { type BackendCount, type Counters, dropReasons } from '@weir/dataplane';
import test from 'ava';
import { countersInOrder } from './counters-in-order.js';

const { services: configured } = parseNodeConfig(
  `node: { interfaces: [eth0], localAddresses: [10.0.0.111] }
services:
  - { name: web, vip: 198.51.100.10, port: 80, backends: [ { address: 10.0.0.22 }, { address: 10.0.0.21 } ] }
  - name: shop
    vip: 198.51.100.10
    port: 8000-8999
    method: nat
    backends: [ { address: 10.0.0.21, port: 82 }, { address: 10.0.0.21, port: 81 }, { address: 10.0.0.21 } ]`,
  'weir.yaml',
);
const none = { packets: 0, bytes: 0, newFlows: 0 };
const countsOf = (...backends: readonly (readonly [string, number])[]): BackendCount[] =>
  backends.map(([address, port]) => ({ address, port, activeConnections: 0, inactiveConnections: 0, ...none }));

test('services and backends come as the configuration lists them, and those that it does not know last', (t) => {
  const web = { vip: '198.51.100.10', protocol: 'tcp', ...none } as const;
  const counters: Counters = {
    services: [
      { ...web, port: 443, backends: countsOf(['10.0.0.22', 0], ['10.0.0.21', 0]) },
      {
        ...web,
        port: { first: 8000, last: 8999 },
        backends: countsOf(['10.0.0.21', 0], ['10.0.0.21', 81], ['10.0.0.21', 82]),
      },
      { ...web, port: 80, backends: countsOf(['10.0.0.20', 0], ['10.0.0.21', 0], ['10.0.0.22', 0]) },
    ],
    handovers: [],
    drops: Object.fromEntries(dropReasons.map((reason) => [reason, 0])) as Counters['drops'],
  };
  t.deepEqual(countersInOrder(counters, configured), {
    ...counters,
    services: [
      { ...web, port: 80, backends: countsOf(['10.0.0.22', 0], ['10.0.0.21', 0], ['10.0.0.20', 0]) },
      {
        ...web,
        port: { first: 8000, last: 8999 },
        backends: countsOf(['10.0.0.21', 82], ['10.0.0.21', 81], ['10.0.0.21', 0]),
      },
      { ...web, port: 443, backends: countsOf(['10.0.0.22', 0], ['10.0.0.21', 0]) },
    ],
  });
});
