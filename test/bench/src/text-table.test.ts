import test from 'ava';
import { renderTable } from './text-table.js';

const table = {
  head: ['path', 'requests/s'],
  rows: [
    ['weir', '72,900'],
    ['nginx-stream', '9'],
  ],
};

test('in a file a table is text in columns, numbers to the right, with no lines and no blanks at the end', (t) => {
  t.is(
    renderTable(table, false),
    ['path          requests/s', 'weir              72,900', 'nginx-stream           9'].join('\n'),
  );
});

test('at a terminal it has lines', (t) => {
  t.regex(renderTable(table, true), /│ weir +│ +72,900 │/);
});
