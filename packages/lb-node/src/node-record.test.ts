import type { NodeConfig } from '@weir/control';
import test from 'ava';
import { type NodeMoment, nodeRecordOf } from './node-record.js';

const life = { instance: '5f3a', version: '1.2.3' };
const recordOf = (phase: NodeMoment['phase'], wantedState: 'active' | 'draining') => {
  const node = { name: 'lb1', interfaces: ['eth0'], address: '10.0.0.11', localAddresses: [], wantedState };
  return nodeRecordOf({ node } as unknown as NodeConfig, life, { phase, announces: ['198.51.100.10/32'] });
};

test('a node tells its name, its life, the addresses it has and what it announces', (t) => {
  t.deepEqual(recordOf('running', 'active'), {
    name: 'lb1',
    instance: '5f3a',
    version: '1.2.3',
    state: 'active',
    addresses: ['10.0.0.11'],
    announces: ['198.51.100.10/32'],
  });
});

test('a node is filling until its first pass, active then, and draining from when it leaves', (t) => {
  const states = (['filling', 'running', 'leaving'] as const).map((phase) => recordOf(phase, 'active').state);
  t.deepEqual(states, ['filling', 'active', 'draining']);
});

test('a node that operators want drained is draining in whatever phase', (t) => {
  const states = (['filling', 'running', 'leaving'] as const).map((phase) => recordOf(phase, 'draining').state);
  t.deepEqual(states, ['draining', 'draining', 'draining']);
});
