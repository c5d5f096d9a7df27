import { CHOICE_ROWS } from '@weir/director';
import { testTraces } from '../test-support/trace-suite.js';
import { XdpDataplane } from './xdp-dataplane.js';

testTraces(
  () =>
    XdpDataplane.open({
      interfaces: ['eth0', 'eth1'],
      // Without a program at the far end a frame that native XDP redirects waits in the link.
      mode: 'generic',
      pinDirectory: '/sys/fs/bpf/weir-trace',
      limits: { services: 8, backends: 32, rows: 16 * CHOICE_ROWS, flows: 64 },
    }),
  (frame) => frame,
);
