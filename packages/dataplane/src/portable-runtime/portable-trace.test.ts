import { testTraces, withoutLink } from '../test-support/trace-suite.js';
import { PortableDataplane } from './portable-dataplane.js';

testTraces(() => PortableDataplane.open({ interfaces: ['eth0', 'eth1'] }), withoutLink);
