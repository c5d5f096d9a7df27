import { CHECKED_PORT, type StandardCluster } from '@weir/lab';
import { backendsOf, forwardingCases, methods } from './forwarding-cases.js';
import { surviveCrashes } from './node-crash-suite.js';
import { testAsRoot } from './test-as-root.js';

const cases = forwardingCases(['ipip', 'gre', 'gue', 'dr']);

/** The choice of wlc can't be computed again: only who remembers it can go on. */
const services = ({ backends }: StandardCluster) =>
  cases.map(({ name, method, family, vip }) => ({
    name,
    vip,
    port: CHECKED_PORT,
    scheduler: 'wlc',
    ...methods[method],
    backends: backendsOf(backends, family),
  }));

testAsRoot('ipip, gre, gue and dr: connections go on when two of three nodes are killed', async (t) => {
  const connections = cases.map(({ vip }) => ({ address: vip, count: 125 }));
  await surviveCrashes(t, { services, connections, crashes: ['node1', 'node2'] });
});
