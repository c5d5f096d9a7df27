import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { credentials } from '@grpc/grpc-js';
import {
  type ApplyServiceResponse,
  BackendsClient,
  type DrainBackendResponse,
  type GetServiceResponse,
  Origin,
  ServiceSpec,
  ServicesClient,
  type SetBackendWeightResponse,
  type UndrainBackendResponse,
} from '@weir/admin-api';
import { CheckedConnections, startCheckedServer, WeirCluster, type WeirNode, waitUntil } from '@weir/lab';
import type { ExecutionContext } from 'ava';
import { nodeOf, whoAnswers } from './etcd-cluster.js';
import { type Engine, type Family, families } from './forwarding-cases.js';
import { answer } from './grpc-answer.js';
import { testAsRoot } from './test-as-root.js';

/** Of a service that only the API brings in. */
const LATE_VIP = '198.51.100.20';
const engines: readonly Engine[] = ['xdp', 'portable'];
const CONNECTIONS = 60;
const all = ['backend1', 'backend2', 'backend3'];

/** Clients of a node, at its Unix socket: the namespaces of a lab share one file system. */
function clientsOf(t: ExecutionContext, { document }: WeirNode) {
  const address = `unix:${join(String(document.runtimeDirectory), 'admin.sock')}`;
  const services = new ServicesClient(address, credentials.createInsecure());
  const backends = new BackendsClient(address, credentials.createInsecure());
  t.teardown(() => {
    services.close();
    backends.close();
  });
  return { services, backends };
}

const target = (service: string, backend: string) => ({ service, backend, expectedRevision: '', save: false });

/** Applies a service of each family to all ports of its VIP that weir.yaml leaves. */
async function applyServices(t: ExecutionContext, weir: WeirCluster, node: string): Promise<void> {
  const { services } = clientsOf(t, nodeOf(weir, node));
  for (const family of families) {
    const service = ServiceSpec.fromPartial({
      name: family,
      listeners: [{ vip: weir.cluster.vip[family], port: 'all' }],
      method: 'ipip',
      // Each flow is remembered.
      scheduler: 'rr',
      backends: weir.cluster.backends.map(({ name, [family]: address }) => ({ name, address })),
    });
    const request = { service, updateMask: undefined, expectedRevision: '0', dryRun: false, save: false };
    const { changes } = await answer<ApplyServiceResponse>((done) => services.applyService(request, done));
    t.is(changes.length, 1);
  }
}

/** A service with a VIP of its own is announced by all nodes, and withdrawn when it is deleted. */
async function lateServiceComesAndGoes(t: ExecutionContext, weir: WeirCluster): Promise<void> {
  const [one, other] = [clientsOf(t, nodeOf(weir, 'node1')), clientsOf(t, nodeOf(weir, 'node2'))];
  const listeners = [{ vip: LATE_VIP, port: '80' }];
  const backends = [{ address: weir.cluster.backends[0]?.ipv4 as string }];
  const service = ServiceSpec.fromPartial({ name: 'late', listeners, backends });
  const request = { service, updateMask: undefined, expectedRevision: '0', dryRun: false, save: false };
  const applied = await answer<ApplyServiceResponse>((done) => one.services.applyService(request, done));
  await weir.waitForRoutes(LATE_VIP, 2);
  const expectedRevision = applied.service?.revision as string;
  await answer((done) => other.services.deleteService({ name: 'late', expectedRevision, save: false }, done));
  await weir.waitForRoutes(LATE_VIP, 0);
}

/** The node that was asked has a change in force when it answers; the others have it a moment later. */
function answeredBy(weir: WeirCluster, family: Family, backends: readonly string[]): Promise<true> {
  return waitUntil(`${backends.join()} to answer at ${family}`, async () =>
    isDeepStrictEqual(await whoAnswers(weir, weir.cluster.vip[family]), [0, backends]) ? true : undefined,
  );
}

function drain(
  t: ExecutionContext,
  node: WeirNode,
  family: Family,
  limitSeconds: number,
): Promise<DrainBackendResponse[]> {
  const limit = { seconds: BigInt(limitSeconds), nanos: 0 };
  const stream = clientsOf(t, node).backends.drainBackend({ ...target(family, 'backend1'), limit });
  const answers: DrainBackendResponse[] = [];
  return new Promise((resolve, reject) => {
    stream.on('data', (one: DrainBackendResponse) => answers.push(one));
    stream.on('error', reject).on('end', () => resolve(answers));
  });
}

for (const engine of engines) {
  testAsRoot(
    `${engine}: through one node's API services come to all nodes, and a backend drains unharmed`,
    async (t) => {
      await using weir = await WeirCluster.start({
        nodes: 2,
        backends: 3,
        etcd: 'single',
        innerMtuBytes: 1700,
        services: ({ vip, backends }) =>
          families.map((family) => ({
            name: `own ${family}`,
            vip: vip[family],
            port: 4321,
            backends: backends.map(({ [family]: address }) => ({ address })),
          })),
        nodeOptions: { engine },
      });
      await applyServices(t, weir, 'node1');
      for (const family of families) await answeredBy(weir, family, all);

      const [node1, node2] = [nodeOf(weir, 'node1'), nodeOf(weir, 'node2')];
      const got = await Promise.all(
        [node1, node2].map((node) =>
          answer<GetServiceResponse>((done) => clientsOf(t, node).services.getService({ name: 'ipv6' }, done)),
        ),
      );
      t.is(got[0]?.service?.origin, Origin.ETCD);
      t.is(got[0]?.service?.revision, got[1]?.service?.revision);

      await lateServiceComesAndGoes(t, weir);

      const servers = await Promise.all(all.map((name) => startCheckedServer(weir.lab.host(name))));
      const client = weir.lab.host('client');
      const connections = await Promise.all(
        families.map((family) =>
          CheckedConnections.open(client, { address: weir.cluster.vip[family], count: CONNECTIONS }),
        ),
      );
      t.true(connections.every(({ backends }) => (backends.backend1 ?? 0) > 0));
      const loads = families.map((family) =>
        weir.load({ url: weir.url(weir.cluster.vip[family]), requestsPerSecond: 50 }),
      );
      await Promise.all(loads.map((load) => load.nextResult()));
      const drained = await Promise.all(families.map((family) => drain(t, node2, family, 3)));
      t.true(drained.every((answers) => answers.length > 1 && answers.every(({ isDrained }) => !isDrained)));
      for (const family of families) await answeredBy(weir, family, ['backend2', 'backend3']);
      await Promise.all(connections.map((one) => one.roundTrip()));
      const results = await Promise.all(loads.map((load) => load.stop()));
      t.deepEqual(
        {
          lost: connections.flatMap(({ lost }) => lost),
          failed: results.map(({ failed }) => failed),
          mismatches: servers.flatMap(({ mismatches }) => mismatches),
        },
        { lost: [], failed: [0, 0], mismatches: [] },
      );

      // What is left ends, and the drain says so.
      for (const one of connections) await one.close();
      const ended = await drain(t, node2, 'ipv4', 30);
      t.true(ended.at(-1)?.isDrained);
      for (const family of families) {
        const request = target(family, 'backend1');
        const { backend } = await answer<UndrainBackendResponse>((done) =>
          clientsOf(t, node1).backends.undrainBackend(request, done),
        );
        t.is(backend?.effectiveWeight, 1);
      }
      for (const family of families) await answeredBy(weir, family, all);
    },
  );
}

testAsRoot('without etcd a change runs until a restart, and a saved one beyond it', async (t) => {
  await using weir = await WeirCluster.start({ nodes: 1, backends: 2 });
  const node = nodeOf(weir, 'node1');
  const vip = weir.cluster.vip.ipv4;
  const service = 'web';
  const address = weir.cluster.backends[0]?.ipv4 as string;
  const weigh = (weight: number, save: boolean) => {
    const { backends } = clientsOf(t, node);
    const request = { ...target(service, address), weight, save };
    return answer<SetBackendWeightResponse>((done) => backends.setBackendWeight(request, done));
  };
  const restart = async () => {
    await node.process.stop('SIGTERM', 20_000);
    await node.start();
    await weir.waitForRoutes(vip, 1);
  };
  const before = readFileSync(node.configFile, 'utf8');

  t.is((await weigh(0, false)).backend?.origin, Origin.RUNNING);
  t.deepEqual(await whoAnswers(weir, vip), [0, ['backend2']]);
  t.is(readFileSync(node.configFile, 'utf8'), before);
  await restart();
  t.deepEqual(await whoAnswers(weir, vip), [0, ['backend1', 'backend2']]);

  t.is((await weigh(0, true)).backend?.origin, Origin.FILE);
  t.deepEqual(await whoAnswers(weir, vip), [0, ['backend2']]);
  t.not(readFileSync(node.configFile, 'utf8'), before);
  await restart();
  t.deepEqual(await whoAnswers(weir, vip), [0, ['backend2']]);
});
