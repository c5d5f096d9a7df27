import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { allChecks } from './all-checks.js';
import { documentChecks } from './document-checks.js';

test('docs/doctor.md has what the checks say of themselves; WEIR_UPDATE_GOLDEN=1 writes it anew', (t) => {
  const file = fileURLToPath(new URL('../../../docs/doctor.md', import.meta.url));
  const today = documentChecks(allChecks);
  if (process.env.WEIR_UPDATE_GOLDEN !== undefined) writeFileSync(file, today);
  t.is(readFileSync(file, 'utf8'), today);
});

test('no two checks have one name, and each says what it looks at, what people see and what mends it', (t) => {
  t.is(new Set(allChecks.map(({ name }) => name)).size, allChecks.length);
  for (const { name, looksAt, symptom, cure, roles } of allChecks) {
    t.regex(name, /^[a-z]+(-[a-z]+)*$/);
    for (const text of [looksAt, symptom, cure]) t.regex(text, /^.{20,}[^.]$/, name);
    t.true(roles.length > 0, name);
  }
});
