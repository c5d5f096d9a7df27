import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';

test("the README's example tells the verdict of a check", (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  // In the package's own directory its name resolves to itself.
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', example], { cwd, encoding: 'utf8' });
  t.is(output, 'vip-on-loopback fault\n');
});
