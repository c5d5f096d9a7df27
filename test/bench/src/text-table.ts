import Table from 'cli-table3';

const PLAIN = {
  ...Object.fromEntries(
    ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'].map((name) => [
      name,
      '',
    ]),
  ),
  ...Object.fromEntries(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'].map((name) => [name, ''])),
  middle: '  ',
};

export interface TextTable {
  readonly head: readonly string[];
  /** Cells of the first column are names, the others numbers. */
  readonly rows: readonly (readonly string[])[];
}

/** A table as text: with lines for a terminal, with blanks alone for a file or a pipe. */
export function renderTable({ head, rows }: TextTable, isTerminal: boolean): string {
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, column) => (column === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true, ...(isTerminal ? {} : { 'padding-left': 0, 'padding-right': 0 }) },
    ...(isTerminal ? {} : { chars: PLAIN }),
  });
  for (const row of rows) table.push([...row]);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
