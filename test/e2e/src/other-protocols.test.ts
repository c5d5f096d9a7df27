import { otherProtocolsSuite } from './other-protocols-suite.js';

otherProtocolsSuite('xdp');
