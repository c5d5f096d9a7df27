import { pathMtuSuite } from './path-mtu-suite.js';

pathMtuSuite('xdp');
