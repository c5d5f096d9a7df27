import { inspect } from 'node:util';
import { CHOICE_ROWS, type HashField, NO_CHOICE } from '@weir/director';
import fc from 'fast-check';
import type { ForwardingMethod } from '../forwarding-method.js';
import type { Scheduling } from '../scheduling.js';

/** What a service of second chance has in place of another method and scheduler. */
export interface SecondChance {
  readonly header: ForwardingMethod;
  readonly scheduling: Scheduling & { readonly pick: 'choices' };
}

const allFields: readonly HashField[] = ['source', 'destination', 'sourcePort', 'destinationPort'];

export function arbitrarySecondChance(): fc.Arbitrary<SecondChance> {
  const fields = fc.oneof(fc.constant(allFields), fc.subarray([...allFields], { minLength: 1 }));
  return fc
    .record({
      choices: fc.constantFrom(2, 3, 4),
      key: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fields,
      alternativeFields: fc.option(fields, { nil: undefined }),
      port: fc.constantFrom(19_523, 6080),
    })
    .map(({ choices, key, fields: hashed, alternativeFields, port }) => ({
      header: { method: 'gue', port, header: 'hops' },
      scheduling: {
        pick: 'choices',
        choices: choices as 2 | 3 | 4,
        hash: { key, fields: hashed, ...(alternativeFields === undefined ? {} : { alternativeFields }) },
      },
    }));
}

/**
 * A table whose row of number n begins with the member that the pattern says and goes on with the next ones; some rows
 * have fewer choices, down to `fewest`.
 */
export function rowsOfChoices(pattern: readonly number[], choices: number, members: number, fewest = 0): Uint16Array {
  if (pattern.length === 0) return new Uint16Array();
  const rows = new Uint16Array(CHOICE_ROWS * choices).fill(NO_CHOICE);
  for (let row = 0; row < CHOICE_ROWS; row++) {
    const first = pattern[row % pattern.length] as number;
    const count = Math.min(members, row % 11 === 0 ? Math.max(fewest, row % (choices + 1)) : choices);
    for (let i = 0; i < count; i++) rows[row * choices + i] = (first + i * (1 + (row % 2) * (members - 2))) % members;
  }
  // A failure is told in words: nobody reads 200,000 numbers.
  const told = () => `rowsOfChoices([${pattern}], ${choices}, ${members})`;
  return Object.defineProperty(rows, inspect.custom, { value: told, enumerable: false });
}
