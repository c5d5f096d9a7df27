import { standardCluster } from '@weir/lab';
import { forwardingSuite } from './forwarding-suite.js';

forwardingSuite({
  engine: 'xdp',
  methods: ['dr', 'ipip', 'gre', 'gue', 'fou'],
  cluster: standardCluster({ nodes: 1, backends: 2 }),
  decap: 'ipip,gre,gue,fou',
});
