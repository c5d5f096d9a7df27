import test from 'ava';
import { workloadsFor } from './workload.js';

test('requests ask for each size over connections that stay, and for the first over connections of their own', (t) => {
  const summary = workloadsFor(['tiny', '8KiB']).map(({ name, path, arguments: args }) => [name, path, args.length]);
  t.deepEqual(summary, [
    ['keep-alive, tiny', '/', 0],
    ['keep-alive, 8KiB', '/bulk/8KiB', 0],
    ['one connection per request, tiny', '/', 2],
  ]);
  t.deepEqual(
    workloadsFor(['8KiB']).map(({ path }) => path),
    ['/bulk/8KiB', '/bulk/8KiB'],
  );
});
