import test from 'ava';
import { objectsOf } from './kubernetes-tools.js';
import { problemsOf } from './strict-validation.js';

const pod = (container: string) => `apiVersion: v1
kind: Pod
metadata: { name: web, labels: { any: label } }
spec:
  containers:
    - { name: web, ${container} }
`;

async function problems(yaml: string): Promise<readonly string[]> {
  const [object] = objectsOf(yaml);
  return object === undefined ? ['no object'] : problemsOf(object);
}

test('an object that Kubernetes knows in all its fields has no problem', async (t) => {
  t.deepEqual(await problems(pod('image: nginx, env: [{ name: A, value: b }]')), []);
});

test('a field that is misspelled is named, however deep it is', async (t) => {
  t.deepEqual(await problems(pod('image: nginx, securityContext: { capabilitys: { drop: [ALL] } }')), [
    '/spec/containers/0/securityContext/capabilitys: is not a known field',
  ]);
});

test('a value of the wrong type, and a field that is missing, are named', async (t) => {
  t.regex((await problems(pod('image: 7'))).join(), /containers\/0\/image must be string/);
  t.regex((await problems(pod('image: nginx, env: [{ value: b }]'))).join(), /name/);
});

test('a kind that does not exist is no kind', async (t) => {
  t.deepEqual(await problems('apiVersion: apps/v1\nkind: DaemonSett\nmetadata: { name: a }\n'), [
    'there is no kind DaemonSett in apps/v1',
  ]);
});
