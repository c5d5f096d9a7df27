import test from 'ava';
import { kernelFinding } from './kernel-version.js';

const cases: readonly (readonly [string, 'ok' | 'fault' | 'skipped'])[] = [
  ['5.17.15-generic', 'fault'],
  ['5.18.0', 'ok'],
  ['5.4.0-150-generic', 'fault'],
  ['6.1.0-18-amd64', 'ok'],
  ['10.0', 'ok'],
  ['4.19.0-26-cloud-amd64', 'fault'],
  ['unknown', 'skipped'],
];
for (const [release, verdict] of cases) {
  test(`a kernel ${release} is ${verdict}`, (t) => {
    t.is(kernelFinding(release).verdict, verdict);
  });
}

test('the portable engine takes any kernel', (t) => {
  t.is(kernelFinding('4.19.0', true).verdict, 'ok');
});
