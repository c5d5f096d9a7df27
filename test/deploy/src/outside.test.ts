import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabError } from '@weir/lab';
import test from 'ava';
import { runOutside } from './outside.js';

test('a program that takes too long goes with what it has started, behind flock too', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-outside-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const lock = join(folder, 'lock');
  const written = join(folder, 'written');
  const build = ['sh', '-c', 'sleep 30; touch "$0"', written];
  const error = await t.throwsAsync(runOutside('flock', [lock, ...build], { timeoutMs: 500 }), {
    instanceOf: LabError,
  });
  t.is(error.code, 'LAB_COMMAND_TIMED_OUT');
  // The lock is free when nobody is left who has it: nothing has been written by then.
  await t.notThrowsAsync(runOutside('flock', [lock, 'test', '!', '-e', written]));
});

test('a program that fails is quoted', async (t) => {
  const error = await t.throwsAsync(runOutside('sh', ['-c', 'echo no such thing >&2; exit 3']), {
    instanceOf: LabError,
  });
  t.is(error.code, 'LAB_COMMAND_FAILED');
  t.regex(error.message, /exited with 3: no such thing/);
});
