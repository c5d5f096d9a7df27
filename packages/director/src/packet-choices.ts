import { choiceRow, type HashField } from './choice-row.js';
import { type ChoiceTable, NO_CHOICE } from './choice-table.js';

/** Most members that a packet tries: the first choice and four hops. */
export const PACKET_CHOICES_MAX = 5;

/** How packets find their rows. */
export interface PacketHash {
  /** 16 bytes, the same on all nodes. */
  readonly key: Uint8Array;
  readonly fields: readonly HashField[];
  /**
   * The fields by which packets were hashed until now, while connections that began under them last (GLB's
   * alt_hash_fields): the choices of that row are tried after the others, so fields can be changed without breaking any.
   */
  readonly fieldsBefore?: readonly HashField[];
}

/** Indexes into the table's members, in the order in which a packet tries them, nobody twice; at most {@link PACKET_CHOICES_MAX}. */
export function packetChoices(table: ChoiceTable, hash: PacketHash, tuple: Parameters<typeof choiceRow>[2]): number[] {
  const { key, fields, fieldsBefore } = hash;
  const now = membersOf(table, choiceRow(key, fields, tuple));
  const before = fieldsBefore === undefined ? [] : membersOf(table, choiceRow(key, fieldsBefore, tuple));
  return [...new Set([...now, ...before])].slice(0, PACKET_CHOICES_MAX);
}

function membersOf({ rows, choices }: ChoiceTable, row: number): number[] {
  return [...rows.subarray(row * choices, (row + 1) * choices)].filter((index) => index !== NO_CHOICE);
}
