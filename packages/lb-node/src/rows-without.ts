import { CHOICE_ROWS, NO_CHOICE } from '@weir/director';

/**
 * Rows of a table of choices in which some are not asked: those after them move up, and {@link NO_CHOICE} stands at the end.
 * These rows stay as they are.
 * @param rows   65,536 x choices
 * @param gone   who is left out, as they stand in rows
 * @param inLieu  who stands in a row from which everybody is left out
 */
export function rowsWithout(rows: Uint16Array, gone: Iterable<number>, inLieu: number): Uint16Array {
  const isLeftOut = new Uint8Array(NO_CHOICE + 1);
  isLeftOut[NO_CHOICE] = 1;
  for (const index of gone) isLeftOut[index] = 1;
  const choices = rows.length / CHOICE_ROWS;
  const left = new Uint16Array(rows.length).fill(NO_CHOICE);
  for (let start = 0; start < rows.length; start += choices) {
    let to = start;
    for (let place = start; place < start + choices; place++) {
      const index = rows[place] as number;
      if (isLeftOut[index] === 0) left[to++] = index;
    }
    if (to === start) left[start] = inLieu;
  }
  return left;
}
