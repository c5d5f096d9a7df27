import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@weir/errors/test-support';
import anyTest, { type TestFn } from 'ava';
import { KubernetesApiServer } from '../test-support/kubernetes-api-server.js';
import { openKubernetes } from '../test-support/open-kubernetes-source.js';
import { makeTlsFiles, type TlsFiles } from '../test-support/tls-files.js';

const test = anyTest as TestFn<{ directory: string; tls: TlsFiles }>;

test.before(async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-kubernetes-tls-'));
  t.context = { directory, tls: await makeTlsFiles(directory) };
});
test.after.always((t) => rmSync(t.context.directory, { recursive: true }));

const WEB = 'shop:web:tcp:80 198.51.100.0:80 -> 10.3.0.21:8080 10.3.0.22:8080';

test.serial('a Service gets an address of the pool, and is served with its pods', async (t) => {
  await using server = await KubernetesApiServer.start(t.context);
  server.putService('web');
  server.putPods('web', { '10.3.0.22': 'ready', '10.3.0.21': 'ready' });
  await using node = await openKubernetes({ server });
  await node.until(WEB);
  t.is(server.addresses('web'), '198.51.100.0');
  await eventually('an Event', () => server.events().includes('web AddressAssigned: has 198.51.100.0'));
  t.is(node.source.config.services[0]?.method, 'fullnat');
});

test.serial('pods that end keep their connections, and those that do not serve are gone', async (t) => {
  await using server = await KubernetesApiServer.start(t.context);
  server.putService('web');
  server.putPods('web', { '10.3.0.21': 'ready', '10.3.0.22': 'ready' });
  await using node = await openKubernetes({ server });
  await node.until(WEB);
  server.putPods('web', { '10.3.0.21': 'terminating', '10.3.0.22': 'ready', '10.3.0.23': 'down' });
  await node.until('shop:web:tcp:80 198.51.100.0:80 -> 10.3.0.21:8080*0 10.3.0.22:8080');
  server.store.delete('services', 'shop', 'web');
  await node.until();
  t.pass();
});

test.serial(
  'an account with a client certificate will do, lists come in pages, and both families are served',
  async (t) => {
    await using server = await KubernetesApiServer.start({ ...t.context, pageMax: 1 });
    for (const name of ['web', 'api']) {
      server.putService(name, {
        spec: { ipFamilies: ['IPv4', 'IPv6'] },
        created: `2026-01-0${name.length - 2}T00:00:00Z`,
      });
      server.putPods(name, { '10.3.0.21': 'ready' });
      server.putPods(name, { 'fd00:3::21': 'ready' }, { family: 'IPv6' });
    }
    await using node = await openKubernetes({ server, as: 'certificate' });
    await node.until(
      'shop:api:tcp:80 198.51.100.0:80 -> 10.3.0.21:8080',
      'shop:api:tcp:80:v6 2001:db8::10:80 -> fd00:3::21:8080',
      'shop:web:tcp:80 198.51.100.1:80 -> 10.3.0.21:8080',
      'shop:web:tcp:80:v6 2001:db8::11:80 -> fd00:3::21:8080',
    );
    t.is(server.addresses('api'), '198.51.100.0 2001:db8::10');
  },
);

test.serial('an API server that is away leaves what is in force, and what changed meanwhile follows', async (t) => {
  await using server = await KubernetesApiServer.start(t.context);
  server.putService('web');
  server.putPods('web', { '10.3.0.21': 'ready', '10.3.0.22': 'ready' });
  await using node = await openKubernetes({ server });
  await node.until(WEB);
  await server.pause();
  await node.log.until(/API server at https.* does not answer.*what is in force stays/);
  server.putPods('web', { '10.3.0.22': 'ready' });
  server.store.forget();
  t.deepEqual(node.services(), [WEB]);
  await server.resume();
  await node.until('shop:web:tcp:80 198.51.100.0:80 -> 10.3.0.22:8080');
  await node.log.until(/info: the API server at https.* answers/);
  await server.pause();
  server.store.delete('services', 'shop', 'web');
  server.store.forget();
  await server.resume();
  await node.until();
});

test.serial('connections that break, and versions that are forgotten, lose no change', async (t) => {
  await using server = await KubernetesApiServer.start(t.context);
  server.putService('web');
  server.putPods('web', { '10.3.0.20': 'ready' });
  await using node = await openKubernetes({ server });
  for (let last = 21; last < 31; last++) {
    server.putPods('web', { [`10.3.0.${last}`]: 'ready' });
    if (last % 2 === 0) server.dropConnections();
    else server.store.forget();
    await node.until(`shop:web:tcp:80 198.51.100.0:80 -> 10.3.0.${last}:8080`);
  }
  t.pass();
});

test.serial('a node that starts without the API server serves from its snapshot', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-kubernetes-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  await using server = await KubernetesApiServer.start(t.context);
  server.putService('web');
  server.putPods('web', { '10.3.0.21': 'ready', '10.3.0.22': 'ready' });
  {
    await using node = await openKubernetes({ server, directory });
    await node.until(WEB);
  }
  await server.pause();
  await using node = await openKubernetes({ server, directory });
  t.deepEqual(node.services(), [WEB]);
  await node.log.until(/its last Services are in force, from .*kubernetes.snapshot/);
  await server.resume();
  server.putPods('web', { '10.3.0.22': 'ready' });
  await node.until('shop:web:tcp:80 198.51.100.0:80 -> 10.3.0.22:8080');
});

test.serial('of three nodes one assigns addresses, and another goes on when it leaves', async (t) => {
  await using server = await KubernetesApiServer.start(t.context);
  const lease = ['lease: { duration: 40s }', 'pools: [{ name: main, addresses: [198.51.100.0/30] }]'];
  const nodes = await Promise.all(
    ['lb1', 'lb2', 'lb3'].map((name) => openKubernetes({ server, name, kubernetes: lease })),
  );
  t.teardown(() => Promise.all(nodes.map((node) => node[Symbol.asyncDispose]())));
  server.putService('web');
  server.putPods('web', { '10.3.0.21': 'ready', '10.3.0.22': 'ready' });
  for (const node of nodes) await node.until(WEB);
  const isWriter = (node: (typeof nodes)[number]) => node.log.lines.some((line) => /this node assigns/.test(line));
  t.is(nodes.filter(isWriter).length, 1);
  const [leaving] = nodes.splice(nodes.findIndex(isWriter), 1);
  await leaving?.[Symbol.asyncDispose]();
  server.putService('api');
  // Past the end of the lease, which is not given back if the server takes longer than a second for that.
  await eventually('an address from the next writer', () => server.addresses('api') === '198.51.100.1', 60_000);
  t.is(server.addresses('web'), '198.51.100.0');
});

test.serial('an account that may not is told of with what would help, and takes nothing down', async (t) => {
  await using server = await KubernetesApiServer.start(t.context);
  await using node = await openKubernetes({ server, as: 'nobody' });
  await node.log.until(/answers 401: Unauthorized; is the token or the certificate of the kubeconfig still good\?/);
  t.deepEqual(node.services(), []);
});

test.serial('a wrong annotation is told of by name and value, and what was good before stays', async (t) => {
  await using server = await KubernetesApiServer.start(t.context);
  server.putService('web');
  server.putPods('web', { '10.3.0.21': 'ready', '10.3.0.22': 'ready' });
  await using node = await openKubernetes({ server });
  await node.until(WEB);
  server.putService('web', { annotations: { 'weir.io/scheduler': 'fastest' } });
  await eventually('an Event', () =>
    server.events().some((line) => /web InvalidAnnotation: annotation weir.io\/scheduler: "fastest"/.test(line)),
  );
  await node.log.until(/warn: Service shop\/web .*weir.io\/scheduler: "fastest"/);
  t.deepEqual(node.services(), [WEB]);
  server.putService('web', { annotations: { 'weir.io/scheduler': 'wlc', 'weir.io/options': '{ slowStart: 30s }' } });
  await eventually('the options', () => node.source.config.services[0]?.slowStartMs === 30_000);
  t.is(node.source.config.services[0]?.scheduler, 'wlc');
});

test.serial('source ranges that can not be kept to open nothing', async (t) => {
  await using server = await KubernetesApiServer.start(t.context);
  server.putService('web', { spec: { loadBalancerSourceRanges: ['192.0.2.0/24'] } });
  server.putPods('web', { '10.3.0.21': 'ready' });
  await using node = await openKubernetes({ server });
  await eventually('an Event', () =>
    server.events().some((line) => /web NotSupported: spec.loadBalancerSourceRanges: 192.0.2.0\/24/.test(line)),
  );
  t.deepEqual(node.services(), []);
});

test.serial('a write that somebody was faster than is made again of what there is then', async (t) => {
  await using server = await KubernetesApiServer.start(t.context);
  await using node = await openKubernetes({ server });
  await node.log.until(/this node assigns/);
  server.refusal = { code: 409 };
  server.putService('web');
  server.putPods('web', { '10.3.0.21': 'ready', '10.3.0.22': 'ready' });
  await eventually('a refused write', () => (server.asked.get('PATCH services') ?? 0) > 0);
  server.refusal = undefined;
  await node.until(WEB);
  t.pass();
});

const otherPods = (name: string, at: number) =>
  `shop:${name}:tcp:80 198.51.100.${at}:80 -> 10.3.0.21:8080 10.3.0.22:8080`;

test.serial('a Service whose status can not be written keeps no other from its address', async (t) => {
  await using server = await KubernetesApiServer.start(t.context);
  server.refusal = { code: 422, path: /\/services\/bad\/status$/ };
  server.putService('bad', { created: '2026-01-01T00:00:00Z' });
  server.putService('web', { created: '2026-01-02T00:00:00Z' });
  for (const name of ['bad', 'web']) server.putPods(name, { '10.3.0.21': 'ready', '10.3.0.22': 'ready' });
  await using node = await openKubernetes({ server });
  await node.until(otherPods('web', 1));
  await node.log.until(/warn: addresses of Service shop\/bad can't be written: .* answers 422: refused/);
  server.refusal = undefined;
  await node.until(otherPods('bad', 0), otherPods('web', 1));
  t.pass();
});

test.serial('Events that are refused keep no Service from its address', async (t) => {
  await using server = await KubernetesApiServer.start(t.context);
  server.refusal = { code: 403, path: /\/events$/ };
  for (const [at, name] of ['api', 'web'].entries()) {
    server.putService(name, { created: `2026-01-0${at + 1}T00:00:00Z` });
    server.putPods(name, { '10.3.0.21': 'ready', '10.3.0.22': 'ready' });
  }
  await using node = await openKubernetes({ server });
  await node.until(otherPods('api', 0), otherPods('web', 1));
  await node.log.until(/warn: Events can't be written: .* answers 403: refused/);
  t.pass();
});

test.serial('no Service gets an address of the nodes, of their routers, or of a fallback', async (t) => {
  await using server = await KubernetesApiServer.start(t.context);
  server.putService('web');
  server.putPods('web', { '10.3.0.21': 'ready', '10.3.0.22': 'ready' });
  const more = [
    'bgp: { asn: 64512, peers: [{ address: 198.51.100.0, asn: 64500 }] }',
    'services: [{ name: old, vip: 203.0.113.1, port: 443, backends: [{ address: 10.3.0.9 }], fallback: { address: 198.51.100.1 } }]',
  ].join('\n');
  await using node = await openKubernetes({ server, more, address: '198.51.100.2' });
  await node.log.until(/Service shop\/web has /);
  t.is(server.addresses('web'), '198.51.100.3');
});

test.serial('a pool that changes while nodes run gives its Services addresses of the new one', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-kubernetes-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  await using server = await KubernetesApiServer.start(t.context);
  server.putService('web');
  server.putPods('web', { '10.3.0.21': 'ready', '10.3.0.22': 'ready' });
  await using node = await openKubernetes({ server, directory });
  await node.until(WEB);
  const file = join(directory, 'weir.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('198.51.100.0/30', '203.0.113.8/30'));
  await node.until('shop:web:tcp:80 203.0.113.8:80 -> 10.3.0.21:8080 10.3.0.22:8080');
  t.is(server.addresses('web'), '203.0.113.8');
});

test.serial('a VIP that weir.yaml has is given to no Service', async (t) => {
  await using server = await KubernetesApiServer.start(t.context);
  server.putService('web');
  server.putPods('web', { '10.3.0.21': 'ready', '10.3.0.22': 'ready' });
  const more = 'services: [{ name: old, vip: 198.51.100.0, port: 443, backends: [{ address: 10.3.0.9 }] }]';
  await using node = await openKubernetes({ server, more });
  await node.until(
    'old 198.51.100.0:443 -> 10.3.0.9:undefined',
    'shop:web:tcp:80 198.51.100.1:80 -> 10.3.0.21:8080 10.3.0.22:8080',
  );
  t.is(server.addresses('web'), '198.51.100.1');
});

test.serial('a kubeconfig that leads nowhere stops the start, and says what is missing', async (t) => {
  await using server = await KubernetesApiServer.start(t.context);
  const wrong = openKubernetes({
    server,
    kubernetes: ['context: other', 'pools: [{ name: main, addresses: [198.51.100.0/30] }]'],
  });
  await t.throwsAsync(wrong, {
    name: 'ConfigError',
    message:
      /kubernetes\.kubeconfig: .*kubeconfig can't be used: its context "other" leads to no cluster; there are lab/,
  });
});
