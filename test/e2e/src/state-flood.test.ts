import { setTimeout as delay } from 'node:timers/promises';
import { AckFlood, standardCluster, type WeirNode } from '@weir/lab';
import { macOf } from './scapy.js';
import { SharingCluster, servicesOfMethod } from './sharing-cluster.js';
import { testAsRoot } from './test-as-root.js';
import { assertUnharmed, goOn } from './unharmed.js';

const FLOOD_MS = 8000;
/** That may come at once. */
const BURST_MAX = 1000;
const TAKEOVERS_PER_SECOND = 20_000;
const MEMORY_GROWTH_MAX_KIB = 150 * 1024;

const { vip } = standardCluster();

testAsRoot(
  'a flood of ACKs of connections that nobody has harms none that is there, and its cost is bounded',
  async (t) => {
    await using sharing = await SharingCluster.start({
      nodes: 1,
      backends: 2,
      services: servicesOfMethod('fullnat'),
      state: { takeoversPerSecond: TAKEOVERS_PER_SECOND },
      decap: undefined,
    });
    const { weir } = sharing;
    const [node] = weir.nodes as [WeirNode];
    const connections = await sharing.open({ address: vip.ipv4, count: 200 });
    await sharing.waitForShared(200);
    const residentKib = async () =>
      Number(/VmRSS:\s+(\d+)/.exec(await node.host.output('cat', [`/proc/${node.process.pid}/status`]))?.[1]);
    const before = await residentKib();
    await connections.mark();
    const begun = performance.now();
    await using flood = await AckFlood.start(weir.lab.host('router'), {
      interface: 'lan',
      mac: await macOf(node.host, 'lan'),
      source: '203.0.113.5',
      destination: vip.ipv4,
    });
    const isOver = delay(FLOOD_MS, true);
    while (!(await Promise.race([isOver, delay(100, false)]))) await goOn(t, sharing, [connections]);
    const { perSecond } = await flood.stop();
    t.log(`${Math.round(perSecond)} ACKs per second`);
    await assertUnharmed(t, sharing, { all: [connections], count: 200, event: 'a flood' });
    const growth = (await residentKib()) - before;
    t.true(growth < MEMORY_GROWTH_MAX_KIB, `lb-node grew by ${growth} KiB`);
    const { dataplane, takeover } = await sharing.countersOf('node1');
    t.log(`node1 has counted ${JSON.stringify({ dataplane, takeover })}`);
    const missedMax = (TAKEOVERS_PER_SECOND * (performance.now() - begun)) / 1000 + BURST_MAX;
    t.true(dataplane.missed <= missedMax, `${dataplane.missed} packets were asked about`);
    t.true(dataplane.overRate > 0, 'what was over the rate was counted');
    await goOn(t, sharing, [connections]);
  },
);
