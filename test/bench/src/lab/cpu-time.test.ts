import test from 'ava';
import { cpuSince, machineCpu, parseMachineCpu, parseProcessCpuUs, processesCpuUs, totalUs } from './cpu-time.js';

test('user, system and interrupts are read from /proc/stat; idle, waiting, stolen and guests are not work', (t) => {
  const stat = 'cpu  100 10 200 9999 888 3 40 77 50 5\ncpu0 1 1 1 1 1 1 1 1 1 1\n';
  t.deepEqual(parseMachineCpu(stat), { userUs: 1_100_000, systemUs: 2_000_000, interruptUs: 430_000 });
});

test('a process name with spaces and parentheses does not shift the fields', (t) => {
  const stat = '42 (a ) b (c)) S 1 42 42 0 -1 4194560 1 2 3 4 10 20 3 4 20 0 1 0 1000 0 0';
  t.is(parseProcessCpuUs(stat), 370_000);
});

test('work that this process does is seen in its own time and in the machine’s', (t) => {
  const before = { machine: machineCpu(), own: processesCpuUs([process.pid]) };
  const end = performance.now() + 100;
  while (performance.now() < end);
  t.true(processesCpuUs([process.pid]) - before.own >= 30_000);
  t.true(totalUs(cpuSince(before.machine, machineCpu())) >= 30_000);
});

test('a process that is gone counts nothing', (t) => {
  t.is(processesCpuUs([2 ** 30]), 0);
});
