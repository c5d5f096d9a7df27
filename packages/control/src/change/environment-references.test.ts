import test from 'ava';
import { withEnvironmentReferences } from './environment-references.js';

const before = { name: 'web', vip: '198.51.100.1', backends: [{ address: '10.0.0.1' }, { address: '10.0.0.2' }] };
const written = {
  name: 'web',
  vip: `\${env:VIP}`,
  backends: [{ address: `\${env:FIRST}` }, { address: `\${env:SECOND}` }],
};

test('what says the same as before stays as it is written', (t) => {
  t.is(withEnvironmentReferences(structuredClone(before), before, written), written);
  t.deepEqual(withEnvironmentReferences({ ...before, port: 80 }, before, written), { ...written, port: 80 });
});

test('what says something else is written as it is', (t) => {
  t.deepEqual(withEnvironmentReferences({ ...before, vip: '198.51.100.2' }, before, written), {
    ...written,
    vip: '198.51.100.2',
  });
  t.is(withEnvironmentReferences(undefined, before, written), undefined);
  t.is(withEnvironmentReferences(before, undefined, undefined), before);
});

test('an entry of a list keeps what is written of it, wherever it comes to stand', (t) => {
  const backends = [{ address: '10.0.0.3' }, { address: '10.0.0.2', weight: 5 }, { address: '10.0.0.1' }];
  t.deepEqual(withEnvironmentReferences({ ...before, backends }, before, written), {
    ...written,
    backends: [{ address: '10.0.0.3' }, { address: `\${env:SECOND}`, weight: 5 }, { address: `\${env:FIRST}` }],
  });
});

test('a list of texts keeps what is written of those that stay', (t) => {
  t.deepEqual(withEnvironmentReferences(['b', 'secret'], ['a', 'secret'], ['a', `\${env:A}`]), ['b', `\${env:A}`]);
});
