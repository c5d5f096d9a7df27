import { join } from 'node:path';
import {
  type ServiceDocument,
  type StandardCluster,
  standardCluster,
  startRealServer,
  twoArmCluster,
  WeirCluster,
  waitUntil,
} from '@weir/lab';
import type { ExecutionContext } from 'ava';
import { waitForForgotten } from './forgotten-flows.js';
import { backendsOf, type Family, families } from './forwarding-cases.js';
import { testAsRoot } from './test-as-root.js';

const healthCheck = { kind: 'http', interval: '1s', fastInterval: '200ms', timeout: '1s' };

function servicesOf({ vip, backends }: StandardCluster, keys: object): ServiceDocument[] {
  return families.map((family) => ({
    name: family,
    vip: vip[family],
    port: 80,
    ...keys,
    backends: backendsOf(backends, family),
  }));
}

/** Resolves when the only node says what it thinks of a backend of both services. */
async function says({ nodes: [node] }: WeirCluster, what: string, after: number): Promise<void> {
  const options = { timeoutMs: 20_000, after };
  for (const family of families) {
    await node?.process.waitForLine(new RegExp(`backend backend1 of ${family} is ${what}`), options);
  }
}

/** New connections end up at these backends, none fails. */
async function isServedBy(t: ExecutionContext, weir: WeirCluster, family: Family, backends: readonly string[]) {
  const url = weir.url(weir.cluster.vip[family]);
  await waitUntil(`${backends.join()} to serve`, async () => {
    const result = await weir.request({ url, requestsPerSecond: 100, requests: 40 });
    return (result.failed === 0 && Object.keys(result.backends).sort().join() === backends.join()) || undefined;
  });
  if (!backends.includes('backend1')) await waitForForgotten(weir, 'backend1');
  const result = await weir.request({ url, requestsPerSecond: 100, requests: 60 });
  t.deepEqual([result.errors, Object.keys(result.backends).sort()], [{}, backends]);
}

for (const method of ['nat', 'fullnat']) {
  testAsRoot(`${method}: a backend whose server stops gets no new connections, in both families`, async (t) => {
    await using weir = await WeirCluster.start({
      cluster: twoArmCluster({ nodes: 1, backends: 2 }),
      decap: undefined,
      services: (cluster) => servicesOf(cluster, { method, healthCheck }),
    });
    const after = weir.nodes[0]?.process.lines.length ?? 0;
    const host = weir.lab.host('backend1');
    const own = join(host.directory, 'backend1-nginx');
    await host.output('nginx', ['-p', own, '-e', 'stderr', '-c', join(own, 'nginx.conf'), '-s', 'stop']);
    await says(weir, 'down: connection refused', after);
    for (const family of families) await isServedBy(t, weir, family, ['backend2']);
  });
}

testAsRoot("second chance: a backend that lost its VIP is nobody's first choice, until it has it again", async (t) => {
  const cluster = standardCluster({ nodes: 1, backends: 3, innerMtuBytes: 1700 });
  const service = { method: 'gue', secondChance: {} };
  await using weir = await WeirCluster.start({
    cluster,
    decap: undefined,
    services: () => servicesOf(cluster, service),
  });
  const vips = families.map((family) => cluster.vip[family]);
  const flags = ['--peer', '10.0.0.0/24', '--peer', 'fd00:10::/64'];
  for (const { name } of cluster.backends) {
    const agent = { interface: cluster.interface, vips, decap: 'second_chance', flags };
    await startRealServer(weir.lab, name, agent);
  }
  await weir.configure(servicesOf(cluster, { ...service, healthCheck }));
  const all = cluster.backends.map(({ name }) => name);
  for (const family of families) await isServedBy(t, weir, family, all);

  const lo = async (verb: 'add' | 'delete') => {
    for (const vip of vips) {
      const prefix = `${vip}/${vip.includes(':') ? 128 : 32}`;
      await weir.lab.host('backend1').output('ip', ['address', verb, prefix, 'dev', 'lo']);
    }
  };
  const lines = () => weir.nodes[0]?.process.lines.length ?? 0;
  const before = lines();
  await lo('delete');
  await says(weir, 'down: ', before);
  for (const family of families) await isServedBy(t, weir, family, all.slice(1));
  const later = lines();
  await lo('add');
  await says(weir, 'up: ', later);
  for (const family of families) await isServedBy(t, weir, family, all);
});
