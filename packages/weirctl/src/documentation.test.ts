import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { EXAMPLES, runInShell } from './test-support/run-weirctl.js';

const DOCUMENTS = ['cli.md', 'migrating-from-lvs.md'];
/** A block of a terminal: lines after `$` are typed, the others are what comes back. */
const CONSOLE = /(?<=```console\n).*?(?=```)/gs;

/** The block again, with what comes back today. */
function rerun(block: string, directory: string): string {
  const commands = block.split('\n').filter((line) => line.startsWith('$ '));
  return commands.map((command) => `${command}\n${runInShell(command.slice(2), directory)}`).join('');
}

for (const name of DOCUMENTS) {
  test(`the examples of docs/${name} print what stands there; WEIR_UPDATE_GOLDEN=1 writes it anew`, (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'weirctl-'));
    t.teardown(() => rmSync(directory, { recursive: true }));
    cpSync(EXAMPLES, directory, { recursive: true });

    const file = fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url));
    const document = readFileSync(file, 'utf8');
    const today = document.replaceAll(CONSOLE, (block) => rerun(block, directory));
    t.true(today.includes('$ weirctl '));
    if (process.env.WEIR_UPDATE_GOLDEN !== undefined) writeFileSync(file, today);
    t.is(today, readFileSync(file, 'utf8'));
  });
}
