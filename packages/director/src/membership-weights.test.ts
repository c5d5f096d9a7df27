import test from 'ava';
import { entriesOfWeight } from './membership-weights.js';

test('a member of weight 1 is as GLB has it, one of weight 3 has two more entries of its address', (t) => {
  const member = { id: 'web1', address: '10.3.0.1', state: 'active', healthy: true } as const;
  t.deepEqual(entriesOfWeight({ ...member, weight: 1 }), [member]);
  t.deepEqual(entriesOfWeight({ ...member, weight: 3 }), [
    member,
    { ...member, id: 'web1 #2', label: '#2' },
    { ...member, id: 'web1 #3', label: '#3' },
  ]);
  t.deepEqual(entriesOfWeight({ ...member, weight: 0 }), []);
});
