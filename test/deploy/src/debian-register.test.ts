import { type EtcdDeployment, HttpLoad, startEtcd, waitUntil } from '@weir/lab';
import test from 'ava';
import { enable, installWeir } from './install-weir.js';
import type { Machine } from './machine.js';
import { MachineCluster } from './machine-cluster.js';
import { harmless } from './observed-traffic.js';
import { testAsRoot } from './test-as-root.js';
import { weirPackage } from './weir-package.js';

const IN_FORCE_TIMEOUT_MS = 60_000;

let weir: MachineCluster;
let etcd: EtcdDeployment;

test.before(async (t) => {
  t.timeout(1_200_000);
  if (process.getuid?.() !== 0) return;
  const deb = await weirPackage();
  weir = await MachineCluster.start({ nodes: 1, backends: 2, etcd: true });
  etcd = await startEtcd(weir.lab.host('etcd'));
  await installWeir(weir, deb, { etcd: etcd.document });
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

testAsRoot(
  'a backend whose unit registers it gets traffic, and none after the unit is stopped; no packet is lost',
  async (t) => {
    t.timeout(300_000);
    const { node1, backend2, url } = {
      node1: weir.nodes[0] as Machine,
      backend2: weir.backends[1] as Machine,
      url: weir.url(weir.cluster.vip.ipv4),
    };
    const answering = async () => {
      const { failed, backends } = await HttpLoad.run(weir.client, { url, requestsPerSecond: 100, requests: 60 });
      return failed === 0 ? Object.keys(backends).sort().join() : `${failed} failed`;
    };
    const untilAnswering = (who: string) =>
      waitUntil(`${who} to answer`, async () => (await answering()) === who || undefined, {
        timeoutMs: IN_FORCE_TIMEOUT_MS,
      });
    const onlyFirst = weir.services.map((service) =>
      service.name === 'web' ? { ...service, backends: service.backends.slice(0, 1) } : service,
    );
    await node1.writeFile('/etc/weir/weir.yaml', weir.weirYaml(node1, onlyFirst, { etcd: etcd.document }));
    await untilAnswering('backend1');

    const address = weir.cluster.backends[1]?.ipv4 as string;
    const [server] = etcd.servers;
    const flags = ['--etcd', server?.endpoint as string, '--cluster', 'lab', '--service', 'web', '--name', 'backend2'];
    const check = ['--address', address, '--check', 'http', '--check-port', '80', '--interval', '500ms'];
    await backend2.writeFile('/etc/default/weir-register', `WEIR_REGISTER="${[...flags, ...check].join(' ')}"`);
    await harmless(t, weir, async () => {
      await enable(backend2, 'weir-register');
      await untilAnswering('backend1,backend2');
      const { mainPid } = await backend2.unit('weir-register');
      const user = await backend2.output('stat', ['--format=%U', `/proc/${mainPid}`]);
      t.is(user, 'weir\n');
    });
    await backend2.output('systemctl', ['stop', 'weir-register'], { timeoutMs: IN_FORCE_TIMEOUT_MS });
    await untilAnswering('backend1');
    t.like(await backend2.unit('weir-register'), { activeState: 'inactive', result: 'success' });
  },
);
