import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));

test("the README's example sends row 12,345 to 10.0.0.22, which has three quarters of the rows", async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const script = `${example}\nconsole.log(backend.id, table.filter((index) => index === 1).length);`;
  // In the package's own directory its name resolves to itself.
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: packageDirectory });
  t.is((await run).stdout, '10.0.0.22 49153\n');
});
