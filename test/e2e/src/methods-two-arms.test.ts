import { twoArmCluster } from '@weir/lab';
import { forwardingSuite } from './forwarding-suite.js';

// Packets go out by another interface than they came in; backends' answers pass the node's kernel.
forwardingSuite({
  engine: 'xdp',
  methods: ['dr', 'gue'],
  cluster: twoArmCluster({ nodes: 1, backends: 2, innerMtuBytes: 1600 }),
  decap: 'gue',
});
