import { pathMtuSuite } from './path-mtu-suite.js';

pathMtuSuite('portable');
