import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import {
  cpuSince,
  machineCpu,
  otherProcessesCpuUs,
  parseMachineCpu,
  parseProcessCpu,
  processesCpuUs,
  totalUs,
} from './cpu-time.js';

test('user, system and interrupts are read from /proc/stat; idle, waiting, stolen and guests are not work', (t) => {
  const stat = 'cpu  100 10 200 9999 888 3 40 77 50 5\ncpu0 1 1 1 1 1 1 1 1 1 1\n';
  t.deepEqual(parseMachineCpu(stat), { userUs: 1_100_000, systemUs: 2_000_000, interruptUs: 430_000 });
});

test('a process name with spaces and parentheses does not shift the fields', (t) => {
  const stat = '42 (a ) b (c)) S 1 42 42 0 -1 4194560 1 2 3 4 10 20 3 4 20 0 1 0 1000 0 0';
  t.deepEqual(parseProcessCpu(stat), { cpuUs: 370_000, isKernelThread: false });
});

test('a child of kthreadd is a thread of the kernel, and so is kthreadd', (t) => {
  const stat = (pid: number, parent: number) => `${pid} (x) S ${parent} 0 0 0 -1 0 0 0 0 0 1 0 0 0 20 0 1 0 1 0 0`;
  t.true(parseProcessCpu(stat(14, 2)).isKernelThread);
  t.true(parseProcessCpu(stat(2, 0)).isKernelThread);
  t.false(parseProcessCpu(stat(14, 22)).isKernelThread);
});

test('a process is either one of those that were named or one of the others', async (t) => {
  const child = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
  const pid = child.pid as number;
  const named = new Set([pid]);
  while (processesCpuUs(named) < 300_000) await setImmediate();
  child.kill('SIGSTOP');
  // Other processes work and end between two readings, which the middle one of many hardly shows.
  const readings = Array.from({ length: 21 }, () => otherProcessesCpuUs(new Set()) - otherProcessesCpuUs(named));
  const childUs = readings.sort((a, b) => a - b)[10] as number;
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.true(childUs >= 200_000, `${childUs} µs`);
});

test('work that this process does is seen in its own time and in the machine’s', (t) => {
  const before = { machine: machineCpu(), own: processesCpuUs([process.pid]) };
  const start = process.cpuUsage();
  while (process.cpuUsage(start).user + process.cpuUsage(start).system < 200_000);
  t.true(processesCpuUs([process.pid]) - before.own >= 150_000);
  // Counted by ticks of the clock, unlike a process's time.
  t.true(totalUs(cpuSince(before.machine, machineCpu())) >= 50_000);
});

test('a process that is gone counts nothing', (t) => {
  t.is(processesCpuUs([2 ** 30]), 0);
});
