import { parseNodeConfig } from '@weir/control';
import test from 'ava';
import { planProbes, probeWays } from './health-probes.js';

const configOf = (service: string, backends = '{ name: web1, address: 10.0.0.21 }') =>
  parseNodeConfig(
    `node: { interfaces: [eth0], localAddresses: [10.0.0.111] }
services: [ { name: web, vip: 198.51.100.10, ${service}, backends: [ ${backends} ] } ]`,
    'weir.yaml',
  );
const targetOf = (service: string, backends?: string, mark: number | undefined = 7) =>
  planProbes(configOf(service, backends), () => mark)[0]?.target;

test('services without health checks have no probes and need no ways', (t) => {
  t.deepEqual([planProbes(configOf('port: 80'), () => 7), probeWays(configOf('port: 80'))], [[], []]);
});

for (const method of ['dr', 'ipip', 'gre', 'gue']) {
  test(`${method}: a probe goes to the VIP, with the mark of its backend`, (t) => {
    const service = `port: 80, method: ${method}, healthCheck: { kind: tcp }`;
    t.deepEqual(targetOf(service), { address: '198.51.100.10', port: 80, service: 'web', mark: 7 });
    t.deepEqual(
      probeWays(configOf(service)).map(({ vip, backend, forwarding }) => [vip, backend, forwarding.method]),
      [['198.51.100.10', '10.0.0.21', method]],
    );
  });
}

for (const method of ['nat', 'fullnat']) {
  test(`${method}: a probe goes to the backend's address, and to its port if it has one`, (t) => {
    const service = `port: 80, method: ${method}, healthCheck: { kind: tcp }`;
    t.deepEqual(targetOf(service), { address: '10.0.0.21', port: 80, service: 'web' });
    t.is(targetOf(service, '{ address: 10.0.0.21, port: 8080 }')?.port, 8080);
    t.deepEqual(probeWays(configOf(service)), []);
  });
}

test('the port of the check goes before all others', (t) => {
  t.is(targetOf('port: 80, healthCheck: { kind: http, port: 9000 }')?.port, 9000);
});

test('a check without ports has none where the service has several', (t) => {
  t.like(targetOf('port: all, healthCheck: { kind: icmp }'), { address: '198.51.100.10', port: 0, mark: 7 });
});

test('programs are told the backend itself: nobody marks their sockets', (t) => {
  const service = 'port: 80, healthCheck: { kind: script, command: [/bin/check] }';
  t.deepEqual(targetOf(service), { address: '10.0.0.21', port: 80, service: 'web' });
  t.deepEqual(probeWays(configOf(service)), []);
});

test("where there is no way a probe goes to the backend's address", (t) => {
  const planned = planProbes(configOf('port: 80, healthCheck: { kind: tcp }'), () => undefined);
  t.deepEqual(planned[0]?.target, { address: '10.0.0.21', port: 80, service: 'web' });
});

test('services that share VIP, backend and method share a way', (t) => {
  const config = parseNodeConfig(
    `node: { interfaces: [eth0] }
services:
  - { name: a, vip: 198.51.100.10, port: 80, healthCheck: { kind: tcp }, backends: [ { address: 10.0.0.21 } ] }
  - { name: b, vip: 198.51.100.10, port: 81, healthCheck: { kind: tcp }, backends: [ { address: 10.0.0.21 } ] }
  - { name: c, vip: 198.51.100.10, port: 82, method: gre, healthCheck: { kind: tcp }, backends: [ { address: 10.0.0.21 } ] }`,
    'weir.yaml',
  );
  t.is(probeWays(config).length, 2);
});

test('backends with one address and two ports are two', (t) => {
  const backends = '{ address: 10.0.0.21, port: 81 }, { address: 10.0.0.21, port: 82 }';
  const planned = planProbes(configOf('port: 80, method: nat, healthCheck: { kind: tcp }', backends), () => undefined);
  t.deepEqual(
    planned.map(({ id, target }) => [id, target.port]),
    [
      ['web 10.0.0.21:81', 81],
      ['web 10.0.0.21:82', 82],
    ],
  );
});
