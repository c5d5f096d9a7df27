import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { parse } from 'yaml';
import { ANSIBLE_DIRECTORY } from './ansible-control.js';
import { COLLECTION, readmeOf, rolesOfCollection } from './ansible-variables.js';

test('ansible-lint has nothing to say against the collection, by its profile for production', async (t) => {
  t.timeout(180_000);
  const options = { cwd: ANSIBLE_DIRECTORY, env: { ...process.env, NO_COLOR: '1' } };
  const { stdout } = await promisify(execFile)('ansible-lint', ['-q', '--nocolor', '--offline'], options);
  t.is(stdout.trim(), '');
});

for (const role of rolesOfCollection()) {
  test(`the README of the role ${role} says what its argument specification says`, (t) => {
    const file = join(COLLECTION, 'roles', role, 'README.md');
    const wanted = readmeOf(role);
    if (process.env.WEIR_WRITE_README === '1') writeFileSync(file, wanted);
    t.is(
      readFileSync(file, 'utf8'),
      wanted,
      'write it anew: WEIR_WRITE_README=1 npx ava dist/ansible-collection.test.js',
    );
  });

  test(`every default of the role ${role} is one that its argument specification names, and the same`, (t) => {
    const read = (path: string): unknown => parse(readFileSync(join(COLLECTION, 'roles', role, path), 'utf8'));
    const defaults = read('defaults/main.yml') as Record<string, unknown>;
    const { argument_specs: specs } = read('meta/argument_specs.yml') as {
      argument_specs: { main: { options: Record<string, { default?: unknown; required?: boolean }> } };
    };
    const { options } = specs.main;
    for (const [name, value] of Object.entries(defaults)) {
      t.true(name in options, `${name} is not in meta/argument_specs.yml`);
      if (options[name]?.default !== undefined) t.deepEqual(options[name]?.default, value, name);
    }
    for (const [name, { required = false }] of Object.entries(options)) {
      t.is(name in defaults, !required, `${name} has a default, or is required`);
    }
  });
}
