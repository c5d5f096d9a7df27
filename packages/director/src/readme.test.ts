import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));

test("the README's example says where row 12,345 goes, and moves rows after a minute of learning", async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const more = `console.log(backend.id, rows.filter((index) => index === 1).length, turns.join());
    const moving = before.rows.filter((index, row) => index !== after.rows[row]).length;
    console.log(learning.keptRows.length === moving, learning.rows.join() === rows.join(), learning.wakeMs);
    console.log(moved.keptRows.length === moving, moved.rows.join() === after.rows.join(), moved.wakeMs);`;
  t.is(await outputOf(readme, 0, more), '10.0.0.22 49153 1,0,1,1\ntrue true 60000\ntrue true 960000\n');
});

/** Runs the n-th example of a document; in the package's own directory its name resolves to itself. */
async function outputOf(document: string, example: number, more = ''): Promise<string> {
  const code = [...document.matchAll(/```ts\n(.*?)```/gs)][example]?.[1] ?? '';
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', `${code}\n${more}`], {
    cwd: packageDirectory,
  });
  return stdout;
}

test("the README's example of second chance swaps the choices of a row whose first choice drains", async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const more = 'console.log(first !== second, newFirst === second, newSecond === first, changedRows.length / 65_536);';
  const [differ, first, second, share] = (await outputOf(readme, 1, more)).trim().split(' ');
  t.deepEqual([differ, first, second], ['true', 'true', 'true']);
  // A third; the standard deviation is 0.002.
  t.true(Math.abs(Number(share) - 1 / 3) < 0.01, share);
});

test('the example of docs/director.md prints what the page says', async (t) => {
  const page = readFileSync(new URL('../../../docs/director.md', import.meta.url), 'utf8');
  const printed = /\nprints\n```\n(.*?)```/s.exec(page)?.[1];
  t.is(await outputOf(page, 0), printed ?? 'the page has no output');
});
