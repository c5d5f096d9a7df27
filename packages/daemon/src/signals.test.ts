import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import test from 'ava';
import { aborted, listenToSignals } from './signals.js';

/** Signal handlers do not keep a process alive; a daemon's sockets do. */
const alive = setInterval(() => {}, 1000);
test.after.always(() => clearInterval(alive));

test.serial('the first SIGTERM stops, the second hurries', async (t) => {
  using signals = listenToSignals(() => t.fail());
  process.kill(process.pid, 'SIGTERM');
  await aborted(signals.stop);
  t.is(signals.stop.reason, 'SIGTERM');
  t.false(signals.hurry.aborted);
  process.kill(process.pid, 'SIGINT');
  await aborted(signals.hurry);
  t.is(signals.hurry.reason, 'SIGINT');
});

test.serial('SIGHUP calls back and stops nothing', async (t) => {
  const hungUp = new Promise<void>((resolve) => {
    const signals = listenToSignals(() => {
      t.false(signals.stop.aborted);
      signals[Symbol.dispose]();
      resolve();
    });
  });
  process.kill(process.pid, 'SIGHUP');
  await hungUp;
});

test.serial('a third SIGINT ends the process, whatever it is still at', async (t) => {
  const script = `import { listenToSignals } from ${JSON.stringify(new URL('./signals.js', import.meta.url).href)};
    const { stop, hurry } = listenToSignals(() => {});
    stop.addEventListener('abort', () => console.log('stop'));
    hurry.addEventListener('abort', () => console.log('hurry'));
    setInterval(() => {}, 1000);
    console.log('up');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  const ended = once(child, 'exit');
  t.teardown(() => child.kill('SIGKILL'));
  const heard: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    heard.push(line);
    child.kill('SIGINT');
  }
  t.deepEqual(heard, ['up', 'stop', 'hurry']);
  t.deepEqual(await ended, [null, 'SIGINT']);
});
