import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));

test("the README's example finds the backend well, and down with the reason after it stopped listening", async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  // In the package's own directory its name resolves to itself.
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', example], { cwd: packageDirectory });
  t.is(
    (await run).stdout,
    `connected
[ { id: 'web/a', verdict: 'down', reason: 'connection refused' } ]
`,
  );
});
