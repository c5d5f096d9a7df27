import type { ServiceConfig } from '@weir/control';
import { maglevTable, rendezvousTable, type WeightedMember, weightedSequence } from '@weir/director';

/** What decides a service's rows. */
export interface RowsWanted {
  readonly scheduler: ServiceConfig['scheduler'];
  /** Of a hash table; others are as long as they need to be. */
  readonly tableRows: number;
  readonly members: readonly WeightedMember[];
}

/**
 * The rows that a scheduler picks from, as indices into `members`; none where no member has a weight. Equal on all nodes
 * that have the same members, in whatever order.
 */
export function serviceRows({ scheduler, tableRows, members }: RowsWanted): Uint32Array {
  if (members.every(({ weight }) => weight === 0)) return new Uint32Array();
  switch (scheduler) {
    case 'mh':
    case 'sh':
    case 'dh':
      return maglevTable({ members, rows: tableRows });
    case 'rendezvous':
      return rendezvousTable({ members, rows: tableRows });
    case 'wrr':
      return weightedSequence(members, Math.min(tableRows, SEQUENCE_ROWS_MAX));
    default:
      return eachOnce(members);
  }
}

/** Rows of wrr where weights have little in common; shares are right to one in so many. */
const SEQUENCE_ROWS_MAX = 4096;

function eachOnce(members: readonly WeightedMember[]): Uint32Array {
  return Uint32Array.from(members.flatMap(({ weight }, index) => (weight > 0 ? [index] : [])));
}
