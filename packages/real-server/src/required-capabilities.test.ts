import test from 'ava';
import { missingCapabilities, requireCapabilities } from './required-capabilities.js';

const status = (effective: string) =>
  `Name:\tnode\nCapPrm:\t000001ffffffffff\nCapEff:\t${effective}\nCapBnd:\t000001ffffffffff\n`;

test('what a process is without is told by its effective capabilities', (t) => {
  t.deepEqual(missingCapabilities(status('000001ffffffffff')), []);
  t.deepEqual(missingCapabilities(status('000000c000001000')), []);
  t.deepEqual(missingCapabilities(status('0000008000001000')), ['CAP_PERFMON']);
  t.deepEqual(missingCapabilities(status('0000000000000000')), ['CAP_NET_ADMIN', 'CAP_BPF', 'CAP_PERFMON']);
});

test('CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON, not for CAP_NET_ADMIN', (t) => {
  t.deepEqual(missingCapabilities(status('0000000000200000')), ['CAP_NET_ADMIN']);
});

test('the error names what is missing and what gives it', (t) => {
  t.throws(() => requireCapabilities(status('000000c000000000')), {
    code: 'CAPABILITY_MISSING',
    message: /is without CAP_NET_ADMIN\. Run it by weir-real-server\.service, or as root/,
  });
});
