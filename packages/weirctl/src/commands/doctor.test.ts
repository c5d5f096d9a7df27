import { spawnSync } from 'node:child_process';
import test from 'ava';
import { MAIN } from '../test-support/run-weirctl.js';

function doctor(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'doctor', ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('a check that does not exist is refused with the names of those that do', (t) => {
  const { status, stderr } = doctor('--only', 'mut');
  t.is(status, 2);
  t.regex(stderr, /there is no check "mut"; there are configuration, kernel-version, .*mtu/);
});

test('a file that is no weir.yaml is a fault: told with what to do, and the end is 1', (t) => {
  const { status, stdout, stderr } = doctor('--config', '/dev/null', '--only', 'configuration');
  t.is(status, 1);
  t.regex(stdout, /^configuration {2}fault {4}\/dev\/null {2}node: is missing/m);
  t.regex(stdout, /to mend: {2}correct the file, then: weirctl config check \/dev\/null/);
  t.is(stderr, 'weirctl: not as it should be: configuration\n');
});

test('for programs the findings stand as JSON by check', (t) => {
  const { status, stdout } = doctor('--config', '/dev/null', '--only', 'kernel-version', '-o', 'json');
  t.is(status, 0);
  const [found, ...more] = JSON.parse(stdout);
  t.deepEqual(more, []);
  t.like(found, { check: 'kernel-version', verdict: 'ok', findings: [{ verdict: 'ok' }] });
});
