import { type EtcdConfig, type NodeConfig, parseNodeConfig, type ServiceConfig } from '@weir/control';
import type { Logger } from '@weir/daemon';
import test from 'ava';
import { distantBackends, NearBackends, refuseDistantBackends } from './same-subnet.js';
import { enterPrivateNetwork, isRoot } from './test-support/private-network.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: namespaces need root\n');

test.before(() => {
  if (isRoot) enterPrivateNetwork();
});

const configOf = (method: string, ...addresses: readonly string[]) =>
  parseNodeConfig(
    `node: { interfaces: [eth0] }
services: [ { name: web, vip: ${addresses[0]?.includes(':') ? '"2001:db8::10"' : '198.51.100.10'}, port: 80, method: ${method},
  backends: [ ${addresses.map((address) => `{ address: "${address}" }`).join()} ] } ]`,
    'weir.yaml',
  );

testAsRoot('a backend of dr behind a router is refused with its path and the subnets that there are', async (t) => {
  await t.throwsAsync(refuseDistantBackends(configOf('dr', '10.0.0.21', '10.3.0.1')), {
    code: 'CONFIG_INVALID',
    message:
      'services[0].backends[1].address: "10.3.0.1" is in no subnet of this node (10.0.0.11/24 on eth0), and method dr ends at a router; use ipip, gre, gue or fullnat',
  });
});

testAsRoot('backends of dr in a subnet of the node are fine, in both families', async (t) => {
  await t.notThrowsAsync(refuseDistantBackends(configOf('dr', '10.0.0.21', '10.0.0.255')));
  await t.notThrowsAsync(refuseDistantBackends(configOf('dr', 'fd00::21')));
});

test('other methods go anywhere', (t) => {
  t.deepEqual(distantBackends(configOf('ipip', '203.0.113.1'), []), []);
});

test('each distant backend is named, and a family that the node has no address of', (t) => {
  const networks = [{ interface: 'eth0', address: '10.0.0.11', prefixBits: 30 }];
  t.deepEqual(distantBackends(configOf('dr', '10.0.0.21', '10.0.0.9'), networks).length, 1);
  t.regex(
    distantBackends(configOf('dr', 'fd00::21'), networks).join(),
    /^services\[0\]\.backends\[0\]\.address: "fd00::21" is in no subnet of this node \(it has no IPv6 address\)/,
  );
});

const withEtcd = (config: NodeConfig): NodeConfig => ({ ...config, etcd: {} as EtcdConfig });

testAsRoot('with etcd a backend of dr behind a router is left out and told once, the others serve', async (t) => {
  const config = withEtcd(configOf('dr', '10.0.0.21', '10.3.0.1'));
  await t.notThrowsAsync(refuseDistantBackends(config));
  const warnings: string[] = [];
  const near = new NearBackends({ warn: (_: object, text: string) => warnings.push(text) } as unknown as Logger);
  for (let pass = 0; pass < 2; pass++) {
    const [web] = (await near.of(config)).services;
    t.deepEqual(
      web?.backends.map(({ address }) => address),
      ['10.0.0.21'],
    );
  }
  t.deepEqual(warnings, [
    'service web, backend 10.3.0.1 is left out: "10.3.0.1" is in no subnet of this node (10.0.0.11/24 on eth0), and method dr ends at a router; use ipip, gre, gue or fullnat',
  ]);
  // One that was near in between is news when it is not any more.
  await near.of(withEtcd(configOf('dr', '10.0.0.21')));
  await near.of(config);
  t.is(warnings.length, 2);
});

testAsRoot(
  'a backend of dr behind a router that discovery may have named is left out, that of the file is not',
  async (t) => {
    const config = configOf('dr', '10.3.0.1');
    const [web] = config.services as [ServiceConfig];
    const found = { ...web, name: 'found', discovery: [] };
    const near = new NearBackends({ warn: () => {} } as unknown as Logger);
    const { services } = await near.of({ ...config, services: [web, found] });
    t.deepEqual(
      services.map(({ backends }) => backends.length),
      [1, 0],
    );
    await t.notThrowsAsync(refuseDistantBackends({ ...config, services: [found] }));
    await t.throwsAsync(refuseDistantBackends({ ...config, services: [found, web] }), { message: /^services\[1\]/ });
  },
);
