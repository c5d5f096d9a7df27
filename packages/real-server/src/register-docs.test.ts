import { readFileSync } from 'node:fs';
import test from 'ava';
import { Command } from 'commander';
import { addRegisterCommand } from './register-command.js';
import { parseRegisterOptions, type RawRegisterOptions } from './register-options.js';

const text = readFileSync(new URL('../../../docs/discovery.md', import.meta.url), 'utf8');

test('the command of docs/discovery.md keeps the key that it says', async (t) => {
  const command = /^```sh\nreal-server (register [\s\S]*?)^```$/m.exec(text)?.[1] as string;
  const program = new Command().exitOverride();
  addRegisterCommand(program, async (raw: RawRegisterOptions) => {
    const { key, serving, etcd } = parseRegisterOptions(raw);
    t.true(text.includes(`\n${key}   ${serving}\n`), `${key} ${serving}`);
    t.is(etcd.endpoints.length, 3);
  });
  t.plan(2);
  await program.parseAsync(command.replaceAll('\\\n', ' ').trim().split(/\s+/), { from: 'user' });
});

test('docs/discovery.md names no flag that the command does not have', (t) => {
  const program = new Command();
  addRegisterCommand(program);
  const flags = program.commands[0]?.options.map(({ long }) => long) ?? [];
  const section = /^## etcd[\s\S]*?(?=^## )/m.exec(text)?.[0] ?? '';
  const named = section.match(/--[a-z][a-z-]*/g) ?? [];
  t.true(named.length > 10);
  t.deepEqual(
    named.filter((flag) => !flags.includes(flag)),
    [],
  );
});
