import { schedulingSuite } from './scheduling-suite.js';

schedulingSuite('xdp');
