import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));

test("the README's example says where row 12,345 goes, and moves rows after a minute of learning", async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const script = `${example}
    console.log(backend.id, rows.filter((index) => index === 1).length, turns.join());
    const moving = before.rows.filter((index, row) => index !== after.rows[row]).length;
    console.log(learning.keptRows.length === moving, learning.rows.join() === rows.join(), learning.wakeMs);
    console.log(moved.keptRows.length === moving, moved.rows.join() === after.rows.join(), moved.wakeMs);`;
  // In the package's own directory its name resolves to itself.
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: packageDirectory });
  t.is((await run).stdout, '10.0.0.22 49153 1,0,1,1\ntrue true 60000\ntrue true 960000\n');
});
