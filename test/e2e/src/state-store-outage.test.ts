import { setTimeout as delay } from 'node:timers/promises';
import { standardCluster } from '@weir/lab';
import { SharingCluster, servicesOfMethod } from './sharing-cluster.js';
import { testAsRoot } from './test-as-root.js';
import { assertUnharmed, goOn, isReset, reportOf } from './unharmed.js';

const OUTAGE_MS = 30_000;
/** A packet is late by this on a machine that starts processes: no connection stood still. */
const UNNOTICED_MS = 5000;
/** After its return, until all that became long meanwhile is there. */
const RETURN_MS = 10_000;

const { vip } = standardCluster();
const options = { nodes: 2, backends: 2, services: servicesOfMethod('ipip') };

testAsRoot(
  'a Redis that is dead for 30 s is noticed by no connection, and knows all of them when it is back',
  async (t) => {
    await using sharing = await SharingCluster.start(options);
    const before = await sharing.open({ address: vip.ipv4, count: 200 });
    await sharing.waitForShared(200);
    await sharing.redis.kill();
    await before.mark();
    const isOver = delay(OUTAGE_MS, true);
    const during = await sharing.open({ address: vip.ipv6, count: 100 });
    while (!(await Promise.race([isOver, delay(1000, false)]))) await goOn(t, sharing, [before, during]);
    const all = [before, during];
    await assertUnharmed(t, sharing, { all, count: 300, event: 'Redis was dead' });
    const { pausesMs } = await reportOf(all);
    for (const { max } of pausesMs) t.true(max < UNNOTICED_MS, `a connection paused for ${max} ms`);
    await sharing.redis.start();
    await sharing.waitForShared(300, RETURN_MS);
  },
);

testAsRoot('a Redis and a node that are killed take only connections of that node along', async (t) => {
  await using sharing = await SharingCluster.start({ ...options, holdSeconds: 3 });
  const connections = await sharing.open({ address: vip.ipv4, count: 200 });
  await sharing.waitForShared(200);
  const ofNode2 = await sharing.connectionsOf('node2');
  t.true(ofNode2 > 0 && ofNode2 < 200, `node2 has ${ofNode2} of 200 connections`);
  await sharing.redis.kill();
  await sharing.weir.lab.host('node1').crash();
  // A backend that does not know a connection resets it: all others have moved then.
  await goOn(t, sharing, [connections]);
  const { alive, mismatches, lost } = await reportOf([connections]);
  t.log(`${ofNode2} connections were of the node that lives; ${alive} of 200 live, ${lost.length} were lost`);
  t.true(alive >= ofNode2, `${alive} of ${ofNode2} live`);
  t.true(lost.length > 0);
  t.true(lost.every(isReset), JSON.stringify(lost));
  t.is(mismatches, 0);
  const { takeover } = await sharing.countersOf('node2');
  t.true(takeover.unavailable > 0, `node2 has counted ${JSON.stringify(takeover)}`);
  await sharing.redis.start();
  await sharing.waitForShared(ofNode2, RETURN_MS);
  // What came over from the other node is young here, and told once it is long-lived.
  await sharing.waitForShared(alive);
});
