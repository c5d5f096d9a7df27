import { writeFileSync } from 'node:fs';
import { type ServiceDocument, WeirCluster, type WeirNode } from '@weir/lab';
import test from 'ava';
import { testAsRoot } from './test-as-root.js';

let weir: WeirCluster;

test.before(async () => {
  if (process.getuid?.() === 0) weir = await WeirCluster.start({ nodes: 1, backends: 2 });
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

const onlyNode = () => weir.nodes[0] as WeirNode;
const withBackends = (
  keep: (backend: ServiceDocument['backends'][number]) => ServiceDocument['backends'][number] | undefined,
) =>
  weir.services.map((service) => ({
    ...service,
    backends: service.backends.flatMap((backend) => keep(backend) ?? []),
  }));
const requests = () => weir.request({ url: weir.url(weir.cluster.vip.ipv4), requestsPerSecond: 100, requests: 60 });

testAsRoot('a backend that is taken out of the file gets no more requests', async (t) => {
  await weir.configure(withBackends((backend) => (backend.name === 'backend2' ? undefined : backend)));
  const result = await requests();
  t.deepEqual([result.failed, Object.keys(result.backends)], [0, ['backend1']]);
  await weir.configure(weir.services);
  t.deepEqual(Object.keys((await requests()).backends).sort(), ['backend1', 'backend2']);
});

testAsRoot('a backend of weight 0 gets no new requests', async (t) => {
  await weir.configure(withBackends((backend) => ({ ...backend, weight: backend.name === 'backend1' ? 0 : 1 })));
  const result = await requests();
  t.deepEqual([result.failed, Object.keys(result.backends)], [0, ['backend2']]);
});

testAsRoot('a VIP is withdrawn while no backend has weight, and announced again', async (t) => {
  await weir.configure(withBackends((backend) => ({ ...backend, weight: 0 })));
  await weir.waitForRoutes(weir.cluster.vip.ipv4, 0);
  await weir.configure(weir.services);
  await weir.waitForRoutes(weir.cluster.vip.ipv4, 1);
  t.is((await requests()).failed, 0);
});

testAsRoot('a VIP is withdrawn while the node has no route to any of its backends, and announced again', async (t) => {
  const change = (verb: string) =>
    Promise.all(
      weir.cluster.backends.map(({ ipv4 }) => onlyNode().host.output('ip', ['route', verb, 'unreachable', ipv4])),
    );
  await change('add');
  await weir.waitForRoutes(weir.cluster.vip.ipv4, 0);
  t.is(await weir.routesTo(weir.cluster.vip.ipv6), 1, 'the other VIP has backends of the other family');
  await change('del');
  await weir.waitForRoutes(weir.cluster.vip.ipv4, 1);
  t.is((await requests()).failed, 0);
});

testAsRoot('a bad change is refused with field, value and line, and the old one stays in force', async (t) => {
  const node = onlyNode();
  const good = node.document;
  const after = node.process.lines.length;
  node.write({ ...good, services: weir.services.map((service) => ({ ...service, vip: '300.0.0.1' })) });
  const line = await node.process.waitForLine(/refused/, { after });
  t.regex(line, /services\[0\]\.vip: \\"300\.0\.0\.1\\" is not an IP address \(file \S+node1\.weir\.yaml, line \d+\)/);
  t.is((await requests()).failed, 0);
  t.is(await weir.routesTo(weir.cluster.vip.ipv4), 1);
  await weir.configure(weir.services);
});

testAsRoot('SIGHUP reads the file again, and a file that is not YAML changes nothing', async (t) => {
  const node = onlyNode();
  const after = node.process.lines.length;
  writeFileSync(node.configFile, 'services: [');
  node.process.kill('SIGHUP');
  await node.process.waitForLine(/refused/, { after });
  t.is((await requests()).failed, 0);
  await weir.configure(weir.services);
});

testAsRoot('a change that needs a restart is refused, naming what it is', async (t) => {
  const node = onlyNode();
  const good = node.document;
  const after = node.process.lines.length;
  node.write({ ...good, runtimeDirectory: '/run/elsewhere' });
  t.regex(
    await node.process.waitForLine(/is refused, the old one stays/, { after }),
    /runtimeDirectory can't change while the node runs; restart it/,
  );
  node.write(good);
  await weir.configure(weir.services);
});

testAsRoot('a service that goes is withdrawn; one that comes is announced', async (t) => {
  const [web, web6] = weir.services;
  if (web === undefined || web6 === undefined) return t.fail();
  await weir.configure([web]);
  await weir.waitForRoutes(weir.cluster.vip.ipv6, 0);
  t.is((await requests()).failed, 0);
  await weir.configure([web, web6]);
  await weir.waitForRoutes(weir.cluster.vip.ipv6, 1);
  t.is((await onlyNode().counters()).services.length, 2);
});

testAsRoot('gobgpd that is killed comes back with its routes, and forwarding does not notice', async (t) => {
  const { ipv4 } = weir.cluster.vip;
  const node = onlyNode();
  const load = weir.load({ url: weir.url(ipv4), requestsPerSecond: 100 });
  await load.nextResult();
  const after = node.process.lines.length;
  await node.host.output('pkill', ['-KILL', '-x', 'gobgpd', '--ns', String(node.process.pid), '--nslist', 'net']);
  const line = await node.process.waitForLine(/"msg":"gobgpd runs"/, { after });
  t.regex(line, /"adopted":false/);
  await node.process.waitForLine(/BGP session with 10\.0\.0\.1 is established/, { after, timeoutMs: 20_000 });
  await weir.waitForRoutes(ipv4, 1);
  t.like(await load.stop(), { failed: 0, errors: {} });
});
