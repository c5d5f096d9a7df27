import { isDeepStrictEqual } from 'node:util';
import { waitUntil } from '@weir/lab';
import { ETCD_VIP, etcdOf, startEtcdCluster, whoAnswers } from './etcd-cluster.js';
import { testAsRoot } from './test-as-root.js';

const CHANGES = 20;
const KILLED_AFTER = 5;
const ELECTION_TIMEOUT_MS = 60_000;

testAsRoot('changes go on while the leader of three etcds is killed, and all nodes have all of them', async (t) => {
  await using weir = await startEtcdCluster({ etcd: 'cluster' });
  const etcd = etcdOf(weir);
  const load = weir.load({ url: weir.url(ETCD_VIP), requestsPerSecond: 100 });
  await load.nextResult();
  const address = weir.cluster.backends[0]?.ipv4 as string;
  for (let change = 1; change <= CHANGES; change++) {
    if (change === KILLED_AFTER) await (await etcd.leader()).kill();
    await untilElected(() => etcd.put('backends/shop/backend1', { address, weight: change }));
  }
  await untilElected(() => etcd.delete('backends/shop/backend3'));
  await waitUntil('backend3 to be out', async () => {
    const [failed, backends] = await whoAnswers(weir);
    t.is(failed, 0);
    return !backends.includes('backend3') || undefined;
  });
  t.like(await load.stop(), { failed: 0, errors: {} });
  const wanted = weir.cluster.backends.slice(0, 2).map(({ ipv4 }) => ipv4);
  for (const node of weir.nodes) {
    await waitUntil(`${node.host.name} to have all changes`, async () => {
      const { services } = await node.counters();
      const has = services.find(({ vip }) => vip === ETCD_VIP)?.backends.map((backend) => backend.address);
      return isDeepStrictEqual(has, wanted) || undefined;
    });
  }
});

/** While members elect a leader none takes a change. */
async function untilElected(change: () => Promise<unknown>): Promise<void> {
  await waitUntil(
    'etcd to take a change',
    () =>
      change().then(
        () => true,
        () => undefined,
      ),
    { timeoutMs: ELECTION_TIMEOUT_MS },
  );
}
