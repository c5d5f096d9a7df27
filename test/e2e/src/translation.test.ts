import { translationSuite } from './translation-suite.js';

translationSuite('xdp');
