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

test('addresses are read as the kernel prints them, and of two assignments the last one wins', (t) => {
  const file =
    'WEIR_REAL_SERVER="--vip 198.51.100.9"\nWEIR_REAL_SERVER="--vip 2001:DB8:0100::0010 --vip 198.51.100.10"\n';
  t.deepEqual(readAgentArguments(agentArgumentsIn(file)).vips, ['2001:db8:100::10', '198.51.100.10']);
});
