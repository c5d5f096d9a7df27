import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command.js';
import { bfdConfiguration } from './frr-bfd.js';
import { testAsRoot } from './needs-root.js';
import { findProgram } from './program.js';

/** The example in docs/router-settings.md that is marked with this word. */
async function exampleOf(word: string): Promise<string> {
  const text = await readFile(new URL('../../../docs/router-settings.md', import.meta.url), 'utf8');
  const [, example] = text.split(`\`\`\`${word}\n`);
  if (example === undefined) throw new Error(`no example marked ${word}`);
  return example.slice(0, example.indexOf('```'));
}

for (const [daemon, word] of [
  ['bgpd', 'frr'],
  ['bfdd', 'frr-bfd'],
] as const) {
  testAsRoot(`${daemon} takes the settings that docs/router-settings.md has for it`, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'weir-frr-'));
    t.teardown(() => rm(directory, { recursive: true }));
    // FRR reads as the user whom its package made.
    await chmod(directory, 0o755);
    const file = join(directory, `${daemon}.conf`);
    const check = async (configuration: string) => {
      await writeFile(file, configuration);
      const { stdout, stderr } = await runCommand({
        program: findProgram(`/usr/lib/frr/${daemon}`),
        args: ['-C', '-f', file],
      });
      return `${stdout}${stderr}`;
    };
    const example = await exampleOf(word);
    t.notRegex(await check(example), /No such command|Unknown command|Ambiguous|% /);
    t.regex(await check(`${example}\nno such thing\n`), /No such command/);
  });
}

testAsRoot('the lab speaks BFD as the documentation has it', async (t) => {
  const peer = { address: '10.0.0.1', localAddress: '10.0.0.11' };
  t.is(bfdConfiguration([peer], { intervalMs: 100, multiplier: 3 }), await exampleOf('frr-bfd'));
});
