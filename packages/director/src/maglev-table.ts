import { createHash } from 'node:crypto';
import { DirectorError } from './director-error.js';
import { rowShares } from './row-shares.js';
import { servingMembers, type WeightedMember } from './weighted-member.js';

/** Rows of a table unless told otherwise: a prime, 655 rows each for 100 members (NSDI 2016, section 5.3). */
export const DEFAULT_TABLE_ROWS = 65_537;

export interface MaglevOptions {
  readonly members: readonly WeightedMember[];
  /** A prime, at least the number of members with weight. Default {@link DEFAULT_TABLE_ROWS}. */
  readonly rows?: number;
}

/** A member while the table is filled. */
interface Filler {
  readonly index: number;
  readonly weight: number;
  /** Step from one row of its preference list to the next. */
  readonly skip: number;
  /** The next row that it would like. */
  next: number;
}

/**
 * Fills a table: each row holds an index into `members`. Members take turns in taking the next free row of a
 * preference list that only their own id decides; so all nodes get the same table, and a member that goes leaves most
 * rows of the others where they were. A member's turn comes as often as its weight says, until it has its share: less
 * than one row more or fewer than is fair (see {@link rowShares}).
 *
 * 65,537 rows and 1,000 members take about 10 ms of one core, whatever the weights are.
 *
 * @throws {DirectorError} NO_MEMBER, DUPLICATE_MEMBER, WEIGHT_INVALID, ROWS_INVALID
 * @see Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section 3.4
 */
export function maglevTable({ members, rows = DEFAULT_TABLE_ROWS }: MaglevOptions): Uint32Array {
  const fillers = fillersOf(members, rows);
  const table = new Uint32Array(rows).fill(FREE);
  for (const turn of turnsOf(fillers, rows)) takeNextRow(table, fillers[turn] as Filler, rows);
  return table;
}

/**
 * Whose turn it is, row by row, as indices into `fillers`: the heaviest in every round, another in each round in which
 * its credit, grown by its part of the heaviest's weight a round, reaches one more row. Within a round they go in the
 * order of `fillers`.
 *
 * The turns are sorted by counting: going through all members round by round takes 40 times longer when one of 1,000 has
 * nearly all the weight.
 */
function turnsOf(fillers: readonly Filler[], rows: number): Uint32Array {
  const weights = fillers.map(({ weight }) => weight);
  const heaviest = weights.reduce((most, weight) => Math.max(most, weight));
  const shares = rowShares(weights, rows);
  const roundOf = (filler: number, taken: number) => Math.ceil(((taken + 1) * heaviest) / (weights[filler] as number));
  const rounds = shares.reduce((most, share, filler) => Math.max(most, roundOf(filler, share)), 0);

  const nextTurn = new Uint32Array(rounds + 1);
  forEachTurn((round) => {
    nextTurn[round + 1] = (nextTurn[round + 1] as number) + 1;
  });
  for (let round = 1; round <= rounds; round++) {
    nextTurn[round] = (nextTurn[round] as number) + (nextTurn[round - 1] as number);
  }
  const turns = new Uint32Array(rows);
  forEachTurn((round, filler) => {
    const turn = nextTurn[round] as number;
    turns[turn] = filler;
    nextTurn[round] = turn + 1;
  });
  return turns;

  function forEachTurn(visit: (round: number, filler: number) => void): void {
    for (const [filler, share] of shares.entries()) {
      for (let taken = 0; taken < share; taken++) visit(roundOf(filler, taken), filler);
    }
  }
}

const FREE = 0xffff_ffff;

function takeNextRow(table: Uint32Array, filler: Filler, rows: number): void {
  let row = filler.next;
  while (table[row] !== FREE) {
    row += filler.skip;
    if (row >= rows) row -= rows;
  }
  table[row] = filler.index;
  filler.next = row + filler.skip < rows ? row + filler.skip : row + filler.skip - rows;
}

function fillersOf(members: readonly WeightedMember[], rows: number): Filler[] {
  if (!isPrime(rows)) {
    throw new DirectorError('ROWS_INVALID', `a table has a prime number of rows, and ${rows} is none`, {
      details: { rows },
    });
  }
  const serving = servingMembers(members);
  if (serving.length > rows) {
    throw new DirectorError('ROWS_INVALID', `${serving.length} members don't fit ${rows} rows`, { details: { rows } });
  }
  return serving.map(({ id, index, weight }) => ({ index, weight, ...preferences(id, rows) }));
}

/** Offset and skip of the paper, from two independent parts of SHA-256 of the id. */
function preferences(id: string, rows: number): { next: number; skip: number } {
  const digest = createHash('sha256').update(id).digest();
  return {
    next: Number(digest.readBigUInt64BE(0) % BigInt(rows)),
    skip: Number(digest.readBigUInt64BE(8) % BigInt(rows - 1)) + 1,
  };
}

function isPrime(number: number): boolean {
  if (!Number.isInteger(number) || number < 2) return false;
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
}
