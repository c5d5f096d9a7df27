import { execFileSync } from 'node:child_process';
import test from 'ava';
import koffi from 'koffi';
import { followIpMonitor } from './ip-monitor.js';

const CLONE_NEWNET = 0x4000_0000;
const testAsRoot = process.getuid?.() === 0 ? test.serial : test.serial.skip;

testAsRoot(
  'it says when nothing is missed any more, tells every change from then on, and ends with the signal',
  async (t) => {
    // A network of its own, which goes with the process.
    t.is(koffi.load('libc.so.6').func('int unshare(int flags)')(CLONE_NEWNET), 0);
    const stop = new AbortController();
    const lines: string[] = [];
    const ended = followIpMonitor(
      ['link'],
      {
        onSubscribed: () => {
          execFileSync('ip', ['link', 'add', 'here', 'type', 'veth', 'peer', 'name', 'there']);
          execFileSync('ip', ['link', 'delete', 'here']);
        },
        onLine: (line) => {
          lines.push(line);
          if (line.includes('Deleted') && line.includes('here@')) stop.abort();
        },
      },
      stop.signal,
    );
    await ended;
    t.true(lines.some((line) => !line.includes('Deleted') && line.includes('here@')));
  },
);

test('nothing is begun for a signal that is aborted', async (t) => {
  const listener = { onSubscribed: () => t.fail(), onLine: () => t.fail() };
  await followIpMonitor(['link'], listener, AbortSignal.abort());
  t.pass();
});
