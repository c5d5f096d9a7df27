import test from 'ava';
import { agentArgumentsIn, readAgentArguments } from './read-agent-arguments.js';

test('a backend is read from the file of its unit', (t) => {
  const file =
    '# of the backend\nWEIR_REAL_SERVER="--interface eth0 --vip 198.51.100.10 --vip=2001:db8:100::10 --decap none --keep"\n';
  t.deepEqual(readAgentArguments(agentArgumentsIn(file)), {
    role: 'backend',
    interface: 'eth0',
    vips: ['198.51.100.10', '2001:db8:100::10'],
    encapsulations: [],
  });
});

test('without arguments nothing is known but what the agent does by itself', (t) => {
  t.deepEqual(readAgentArguments(agentArgumentsIn('')), { role: 'backend', vips: [], encapsulations: ['ipip', 'gue'] });
});
