import test from 'ava';
import { nodeRecord } from '../test-support/open-source.js';
import { nodeRecordsAfter } from './node-records.js';

const put = (key: string, value: unknown) => ({ key, text: JSON.stringify(value), revision: '7' });
const gone = (key: string) => ({ key, text: undefined, revision: '7' });
const before = [nodeRecord('lb1', 'a'), nodeRecord('lb3', 'c')];

test('records come, change and go without a look at other keys', (t) => {
  const changed = nodeRecord('lb3', 'c', 'draining');
  const events = [put('nodes/lb2', nodeRecord('lb2', 'b')), put('nodes/lb3', changed), gone('nodes/lb1')];
  t.deepEqual(nodeRecordsAfter(before, events), [nodeRecord('lb2', 'b'), changed]);
});

for (const [what, event] of [
  ['a service', put('services/web', { vip: '198.51.100.10', port: 80, method: 'ipip' })],
  ['a backend that goes', gone('backends/web/web1')],
  ['what is wanted of a node', put('node-states/lb1', { state: 'draining' })],
  ['a record that is none', put('nodes/lb1', { name: 'lb1' })],
] as const) {
  test(`${what} needs a look at all keys`, (t) => {
    t.is(nodeRecordsAfter(before, [put('nodes/lb1', nodeRecord('lb1', 'a')), event]), undefined);
  });
}
