import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LabHost, type LabProcess, REAL_SERVER, WeirCluster, type WeirNode, waitUntil } from '@weir/lab';
import test from 'ava';
import { testAsRoot } from './test-as-root.js';

let weir: WeirCluster;

test.before(async () => {
  if (process.getuid?.() === 0) weir = await WeirCluster.start({ nodes: 1, backends: 2, etcd: 'single' });
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

const host = (name: string): LabHost => weir.lab.host(name);
const addressOf = (name: string) => weir.cluster.backends.find((backend) => backend.name === name)?.ipv4 as string;

/** The names of those that answer for the service `web`, without a request that fails. */
async function whoAnswers(): Promise<readonly string[]> {
  const result = await weir.request({ url: weir.url(weir.cluster.vip.ipv4), requestsPerSecond: 100, requests: 60 });
  return result.failed === 0 ? Object.keys(result.backends).sort() : [`${result.failed} failed`];
}

/** Gives the service `web` these keys instead of its backends. */
async function configureWeb(keys: object): Promise<void> {
  await weir.configure(weir.services.map((service) => (service.name === 'web' ? { ...service, ...keys } : service)));
}

/** Resolves when the node has in force what something changed. */
async function inForceAfter(change: () => void | Promise<void>): Promise<void> {
  const { process } = weir.nodes[0] as WeirNode;
  const after = process.lines.length;
  await change();
  await process.waitForLine(/"msg":"configuration in force"/, { after });
}

testAsRoot('backends of a file serve, and others do when the file names others', async (t) => {
  const file = join(weir.lab.directory, 'web.yaml');
  const write = (...names: readonly string[]) => {
    writeFileSync(`${file}.next`, names.map((name) => `- { name: ${name}, address: ${addressOf(name)} }\n`).join(''));
    renameSync(`${file}.next`, file);
  };
  write('backend1');
  await configureWeb({ backends: [], discovery: [{ file }] });
  t.deepEqual(await whoAnswers(), ['backend1']);
  await inForceAfter(() => write('backend1', 'backend2'));
  t.deepEqual(await whoAnswers(), ['backend1', 'backend2']);
  await inForceAfter(() => write('backend2'));
  t.deepEqual(await whoAnswers(), ['backend2']);
  const { process } = weir.nodes[0] as WeirNode;
  const after = process.lines.length;
  writeFileSync(file, '- { name: back');
  await process.waitForLine(/discovery for service web, file .*line 1/, { after });
  t.deepEqual(await whoAnswers(), ['backend2']);
});

testAsRoot(
  'targets of SRV records serve, also after a restart of the node, and stay when the resolver is gone',
  async (t) => {
    const resolver = () => startResolver('backend1', 'backend2');
    let server = await resolver();
    const dns = {
      srv: '_http._tcp.lab.test',
      resolvers: [`${weir.cluster.router.ipv4}:53`],
      minTtl: '100ms',
      maxTtl: '200ms',
    };
    await inForceAfter(() => configureWeb({ backends: [], discovery: [{ dns }] }));
    const bothAnswer = async () => (await whoAnswers()).join() === 'backend1,backend2' || undefined;
    await waitUntil('both targets to answer', bothAnswer, { timeoutMs: 20_000 });
    await inForceAfter(async () => {
      await server.stop();
      server = await startResolver('backend2');
    });
    t.deepEqual(await whoAnswers(), ['backend2']);
    const node = weir.nodes[0] as WeirNode;
    await node.process.stop('SIGTERM');
    await node.start();
    await weir.waitForRoutes(weir.cluster.vip.ipv4, 1);
    t.deepEqual(await whoAnswers(), ['backend2'], 'the first configuration in force has what is found');
    const after = node.process.lines.length;
    await server.stop();
    await node.process.waitForLine(/discovery for service web, dns .*no answer to/, { after });
    t.deepEqual(await whoAnswers(), ['backend2']);
  },
);

testAsRoot('a backend that registers itself serves until SIGTERM, and no request fails', async (t) => {
  await weir.configure(weir.services);
  await configureWeb({ backends: [{ name: 'backend1', address: addressOf('backend1') }] });
  t.deepEqual(await whoAnswers(), ['backend1']);
  const [etcd] = weir.etcd?.servers ?? [];
  const load = weir.load({ url: weir.url(weir.cluster.vip.ipv4), requestsPerSecond: 100 });
  let agent: LabProcess | undefined;
  await inForceAfter(() => {
    agent = host('backend2').spawn(
      process.execPath,
      [
        ...[REAL_SERVER, 'register', '--etcd', etcd?.endpoint as string, '--cluster', 'lab', '--service', 'web'],
        ...['--name', 'backend2', '--address', addressOf('backend2'), '--check', 'http', '--check-port', '80'],
        ...['--interval', '500ms'],
      ],
      { name: 'register' },
    );
  });
  t.deepEqual(await whoAnswers(), ['backend1', 'backend2']);
  await inForceAfter(() => agent?.kill('SIGTERM'));
  t.deepEqual(await whoAnswers(), ['backend1']);
  await agent?.waitForLine(/no longer registered/);
  const { failed, requests } = await load.stop();
  t.is(failed, 0, `of ${requests}`);
});

/** dnsmasq on the router, which knows these backends as targets of `_http._tcp.lab.test`. */
async function startResolver(...names: readonly string[]): Promise<LabProcess> {
  const server = host('router').spawn('dnsmasq', [
    ...['--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', '--log-facility=-', '--user=root'],
    ...['--no-resolv', '--no-hosts', '--local=/test/'],
    ...names.flatMap((name) => [
      `--srv-host=_http._tcp.lab.test,${name}.lab.test,80`,
      `--host-record=${name}.lab.test,${addressOf(name)}`,
    ]),
  ]);
  await server.waitForListening(53);
  return server;
}
