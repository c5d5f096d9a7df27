import { passiveHealthSuite } from './passive-health-suite.js';

passiveHealthSuite('portable');
