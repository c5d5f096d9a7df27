import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { killRecordedProcesses, recordProcess } from './process-record.js';

test('a recorded process is killed, and one that only has its pid is not', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'weir-record-'));
  const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
  const ended = once(child, 'exit');
  t.teardown(() => rm(directory, { recursive: true }));
  t.teardown(() => child.kill('SIGKILL'));
  recordProcess(directory, child.pid ?? 0);
  const file = join(directory, 'processes.jsonl');
  const record = await readFile(file, 'utf8');

  const startTicks = Number(/"startTicks":(\d+)/.exec(record)?.[1]);
  await writeFile(file, record.replace(`${startTicks}`, `${startTicks - 1}`));
  killRecordedProcesses(directory);
  t.notThrows(() => process.kill(child.pid ?? 0, 0));
  t.is(child.signalCode, null);

  await writeFile(file, `${record}{"pid":12`);
  killRecordedProcesses(directory);
  t.deepEqual(await ended, [null, 'SIGKILL']);
});
