import Table from 'cli-table3';
import type { Colours } from './colours.js';

/** A column of a table for people. */
export interface TextColumn {
  readonly head: string;
  readonly align?: 'left' | 'right';
}

const noLines = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid']
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .map((name) => [name, '']),
);

/** Columns of equal width without lines, as kubectl has them; cells may have several lines. */
export function textTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  colours: Colours,
): string {
  const table = new Table({
    chars: { ...noLines, middle: '  ' },
    colAligns: columns.map(({ align = 'left' }) => align),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(columns.map(({ head }) => colours.bold(head)));
  table.push(...rows.map((row) => [...row]));
  const lines = table.toString().split('\n');
  return lines.map((line) => line.trimEnd()).join('\n');
}
