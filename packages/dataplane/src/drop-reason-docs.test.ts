import { readFileSync } from 'node:fs';
import test from 'ava';
import { dropReasons } from './drop-reason.js';

for (const [page, what] of [
  ['troubleshooting.md', 'what to do'],
  ['metrics.md', 'what it means'],
] as const) {
  test(`docs/${page} says of each reason of a drop ${what}, and of no other`, (t) => {
    const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');
    const [, table = ''] = /^\| `?reason`? \|.*\n((?:\|.*\n)+)/m.exec(text) ?? [];
    const documented = [...table.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, names = '']) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    // One row may be of several reasons, out of their order in the code.
    t.deepEqual([...documented].sort(), [...dropReasons].sort());
  });
}
