import { hasVlanInterfaces, twoArmCluster } from '@weir/lab';
import test from 'ava';
import { forwardingSuite } from './forwarding-suite.js';

if (hasVlanInterfaces()) {
  forwardingSuite({
    engine: 'xdp',
    methods: ['nat', 'fullnat'],
    cluster: twoArmCluster({ nodes: 1, backends: 2, tagged: true }),
    decap: undefined,
  });
} else {
  process.stderr.write('skipped: this kernel has no interfaces for VLANs (CONFIG_VLAN_8021Q)\n');
  test.skip('clients and backends on VLANs of one interface are served', () => undefined);
}
