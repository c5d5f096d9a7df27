import test from 'ava';
import pc from 'picocolors';
import { textTable } from './text-table.js';

test('columns are as wide as their widest cell, and a cell may have several lines', (t) => {
  const columns = [{ head: 'NAME' }, { head: 'ROWS', align: 'right' as const }, { head: 'NOTE' }];
  const rows = [
    ['web1', '13107', 'first\nsecond'],
    ['web10', '0', ''],
  ];
  t.is(
    textTable(columns, rows, pc.createColors(false)),
    `NAME    ROWS  NOTE
web1   13107  first
              second
web10      0`,
  );
});

test('colours do not count as width', (t) => {
  const colours = pc.createColors(true);
  const text = textTable([{ head: 'A' }, { head: 'B' }], [[colours.red('12345'), 'x']], colours);
  t.is(text.split('\n')[1], `${colours.red('12345')}  x`);
});
