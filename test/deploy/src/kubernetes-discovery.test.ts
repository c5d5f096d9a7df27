import { serviceObject } from '@weir/control/test-support';
import { waitUntil } from '@weir/lab';
import test from 'ava';
import { KubernetesCluster } from './kubernetes-cluster.js';
import { testAsRoot } from './test-as-root.js';

let kubernetes: KubernetesCluster;

test.before(async () => {
  if (process.getuid?.() === 0) kubernetes = await KubernetesCluster.start({ nodes: 2, backends: 3 });
});
test.after.always(async () => kubernetes?.[Symbol.asyncDispose]());

const PORT = 8080;

function urls(): readonly string[] {
  const { vip } = kubernetes.weir.cluster;
  return [`http://${vip.ipv4}:${PORT}/`, `http://[${vip.ipv6}]:${PORT}/`];
}

/** Resolves when these pods, and no others, answer on both addresses. */
async function untilServedBy(...names: readonly string[]): Promise<void> {
  for (const url of urls()) {
    const isServed = async () => {
      const { failed, backends } = await kubernetes.weir.request({ url, requestsPerSecond: 200, requests: 60 });
      return (failed === 0 && Object.keys(backends).sort().join() === names.join()) || undefined;
    };
    await waitUntil(`${names.join(', ')} to answer at ${url}`, isServed, { timeoutMs: 20_000 });
  }
}

testAsRoot(
  'a Service of type LoadBalancer is announced at its addresses, and pods come and end under load',
  async (t) => {
    const { weir } = kubernetes;
    const { vip } = weir.cluster;
    const spec = { ipFamilies: ['IPv4', 'IPv6'], ports: [{ name: 'http', port: PORT, targetPort: 80 }] };
    await kubernetes.apply(serviceObject('web', { spec }));
    await kubernetes.applyPods('web', { backend1: 'ready' });
    await Promise.all([weir.waitForRoutes(vip.ipv4, 2), weir.waitForRoutes(vip.ipv6, 2)]);
    t.deepEqual(await kubernetes.addresses('web'), [vip.ipv4, vip.ipv6]);
    await untilServedBy('backend1');

    const loads = urls().map((url) => weir.load({ url, requestsPerSecond: 100 }));
    await kubernetes.applyPods('web', { backend1: 'ready', backend2: 'ready', backend3: 'ready' });
    await untilServedBy('backend1', 'backend2', 'backend3');
    await kubernetes.applyPods('web', { backend1: 'terminating', backend2: 'ready', backend3: 'ready' });
    await untilServedBy('backend2', 'backend3');
    await kubernetes.applyPods('web', { backend2: 'ready', backend3: 'ready' });
    await untilServedBy('backend2', 'backend3');
    for (const { failed, requests } of await Promise.all(loads.map((load) => load.stop()))) {
      t.is(failed, 0, `of ${requests}`);
      t.true(requests > 0);
    }
  },
);
