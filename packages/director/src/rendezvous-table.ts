import { createHash } from 'node:crypto';
import { DirectorError } from './director-error.js';
import { DEFAULT_TABLE_ROWS } from './maglev-table.js';
import { naturalLogarithm } from './natural-logarithm.js';
import { servingMembers, type WeightedMember } from './weighted-member.js';

export interface RendezvousOptions {
  readonly members: readonly WeightedMember[];
  /** Any number from 1 to {@link ROWS_MAX}. Default {@link DEFAULT_TABLE_ROWS}. */
  readonly rows?: number;
}

/** Most rows of a table. */
export const ROWS_MAX = 2 ** 24;

/** A member while rows are given. */
interface Candidate {
  readonly index: number;
  readonly weight: number;
  /** Two independent parts of the hash of its id. */
  readonly seedA: number;
  readonly seedB: number;
}

/**
 * Fills a table by highest random weight: each row holds the index into `members` of the one with the least cost in that
 * row, -ln(u) / weight, u drawn evenly from (0, 1) by a hash of the row and the member's id. So the chance of a row is the
 * member's share of all weights, and whether one member beats another in a row never depends on a third: a change
 * moves only rows that the changed member gains or loses. The price beside {@link maglevTable}: shares are as even as
 * chance makes them; of 65,537 rows and 100 equal members each gets 655 with a standard deviation of 26.
 *
 * 65,537 rows and 1,000 members take about 0.4 s of one core.
 *
 * @throws {DirectorError} NO_MEMBER, DUPLICATE_MEMBER, WEIGHT_INVALID, ROWS_INVALID
 * @see Thaler and Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM Transactions on Networking 6(1),
 *   1998; for weights the logarithmic method of Schindelhauer and Schomaker, "Weighted distributed hash tables", SPAA 2005
 */
export function rendezvousTable({ members, rows = DEFAULT_TABLE_ROWS }: RendezvousOptions): Uint32Array {
  if (!Number.isInteger(rows) || rows < 1 || rows > ROWS_MAX) {
    throw new DirectorError('ROWS_INVALID', `a table has 1 to ${ROWS_MAX} rows, not ${rows}`, { details: { rows } });
  }
  const candidates = servingMembers(members).map(({ id, index, weight }) => ({ index, weight, ...seeds(id) }));
  return Uint32Array.from({ length: rows }, (_, row) => cheapest(candidates, row).index);
}

/** Of equals the first by id. */
function cheapest(candidates: readonly Candidate[], row: number): Candidate {
  const mixedRow = finalize(row);
  let best = candidates[0] as Candidate;
  let leastCost = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const { seedA, seedB, weight } = candidate;
    const draw = finalize(finalize(mixedRow ^ seedA) + seedB);
    const u = (draw + 0.5) / 2 ** 32;
    // -ln(u) > 1 - u: nearly all are ruled out without a logarithm. Twice the margin of any rounding, so no winner is.
    if ((1 - u) * ALMOST_ONE > leastCost * weight) continue;
    const cost = -naturalLogarithm(u) / weight;
    if (cost >= leastCost) continue;
    best = candidate;
    leastCost = cost;
  }
  return best;
}

const ALMOST_ONE = 1 - 2 ** -40;

/** Mixes 32 bits (the finalizer of MurmurHash3_x86_32): each bit of the result depends on each one given. */
function finalize(bits: number): number {
  let mixed = bits | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function seeds(id: string): { seedA: number; seedB: number } {
  const digest = createHash('sha256').update(id).digest();
  return { seedA: digest.readUInt32BE(0), seedB: digest.readUInt32BE(4) };
}
