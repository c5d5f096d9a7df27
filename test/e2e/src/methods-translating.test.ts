import { twoArmCluster } from '@weir/lab';
import { forwardingSuite } from './forwarding-suite.js';

forwardingSuite({
  engine: 'xdp',
  methods: ['nat', 'fullnat'],
  cluster: twoArmCluster({ nodes: 1, backends: 2 }),
  decap: undefined,
});
