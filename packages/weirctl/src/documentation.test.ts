import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { EXAMPLES, runInShell } from './test-support/run-weirctl.js';

const DOCUMENT = fileURLToPath(new URL('../../../docs/cli.md', import.meta.url));
/** A block of a terminal: lines after `$` are typed, the others are what comes back. */
const CONSOLE = /(?<=```console\n).*?(?=```)/gs;

/** The block again, with what comes back today. */
function rerun(block: string, directory: string): string {
  const commands = block.split('\n').filter((line) => line.startsWith('$ '));
  return commands.map((command) => `${command}\n${runInShell(command.slice(2), directory)}`).join('');
}

test('the examples of docs/cli.md print what stands there; WEIR_UPDATE_GOLDEN=1 writes it anew', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weirctl-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  cpSync(EXAMPLES, directory, { recursive: true });

  const document = readFileSync(DOCUMENT, 'utf8');
  const today = document.replaceAll(CONSOLE, (block) => rerun(block, directory));
  t.true(today.includes('$ weirctl '));
  if (process.env.WEIR_UPDATE_GOLDEN !== undefined) writeFileSync(DOCUMENT, today);
  t.is(today, readFileSync(DOCUMENT, 'utf8'));
});
