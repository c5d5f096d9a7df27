import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { probeOnce } from './test-support/probe-once.js';

const target = { address: '192.0.2.7', port: 8080, service: 'web' };
const shell = (line: string) => ({ kind: 'script', command: ['/bin/sh', '-c', line] }) as const;

test('a script that ends with 0 is well, and learned which backend it is about', async (t) => {
  const line = '[ "$WEIR_BACKEND_ADDRESS $WEIR_BACKEND_PORT $WEIR_SERVICE" = "192.0.2.7 8080 web" ]';
  t.deepEqual(await probeOnce(shell(line), target), { isWell: true, reason: 'exit code 0' });
});

test('the exit code is told with what the script complained about', async (t) => {
  const found = await probeOnce(shell('echo "replica lags" >&2; exit 2'), target);
  t.deepEqual(found, { isWell: false, reason: 'exit code 2: replica lags' });
});

test('a script that is killed is told as ended by that signal', async (t) => {
  t.deepEqual(await probeOnce(shell('kill -TERM $$'), target), { isWell: false, reason: 'ended by SIGTERM' });
});

test('a script that is missing is told by name', async (t) => {
  const found = await probeOnce({ kind: 'script', command: ['/nowhere/check'] }, target);
  t.deepEqual(found, { isWell: false, reason: 'no such file: /nowhere/check' });
});

test('a script that takes too long ends, and so do the processes that it started', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'weir-script-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const pipe = join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  // It ends when the last process that has it open for writing is gone: this one as well, since a script that was ended
  // before it opened the pipe would leave the reader waiting for a writer.
  const writer = await open(pipe, 'r+');
  const ended = once(createReadStream(pipe).resume(), 'end');
  const found = await probeOnce(shell(`sleep 1000 > ${pipe} & wait`), target, 1000);
  await writer.close();
  t.deepEqual(found, { isWell: false, reason: 'no answer within 1000 ms' });
  await t.notThrowsAsync(ended);
});
