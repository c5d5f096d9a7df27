import test from 'ava';
import type { NodeSubject } from '../subject.js';
import { capabilitiesFinding } from './capabilities.js';

const backend = { role: 'backend', vips: [], encapsulations: [] } as const;
const node: NodeSubject = { role: 'node', configFile: 'weir.yaml', services: [] };

test('a process is told which of the capabilities it is without', (t) => {
  t.like(capabilitiesFinding(0xc000001000n, backend), { verdict: 'ok' });
  t.like(capabilitiesFinding(0x8000001000n, backend), { verdict: 'fault', found: 'without CAP_PERFMON' });
  t.like(capabilitiesFinding(0n, node), { verdict: 'fault', found: 'without CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON' });
});

test('CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON, not for CAP_NET_ADMIN', (t) => {
  t.like(capabilitiesFinding(0x200000n, node), { verdict: 'fault', found: 'without CAP_NET_ADMIN' });
});
