import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));

test("the README's example says that it is ready, reloads on SIGHUP and leaves on SIGTERM with exit code 0", async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  // In the package's own directory its name resolves to itself.
  const child = spawn(process.execPath, ['--input-type=module', '-e', example], { cwd: packageDirectory });
  const ended = once(child, 'exit');
  t.teardown(() => child.kill('SIGKILL'));
  const said: unknown[] = [];
  for await (const line of createInterface(child.stdout)) {
    const { msg, signal } = JSON.parse(line);
    said.push(signal === undefined ? msg : { msg, signal });
    if (msg === 'ready') child.kill('SIGHUP');
    if (msg === 'reloading') child.kill('SIGTERM');
  }
  t.deepEqual(said, ['ready', 'reloading', { msg: 'left', signal: 'SIGTERM' }]);
  t.deepEqual(await ended, [0, null]);
});
