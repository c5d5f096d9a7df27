const MASK_64 = (1n << 64n) - 1n;
const MIX_1 = 0x9e3779b97f4a7c15n;
const MIX_2 = 0xd6e8feb86659fd93n;

/** What a flow is told apart by, within a service. */
export interface HashedFlow {
  /** 64 bits, the same on all nodes. */
  readonly seed: bigint;
  /** 4 or 16 bytes, network order. */
  readonly source: Uint8Array;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/**
 * Hash of a flow, 32 bits: a keyed mix of the source address and both ports by three multiplications of 64 bits. Every
 * node gives the same answer. The same function in C is dataplane/bpf/lib/hash.h.
 */
export function flowHash({ seed, source, sourcePort, destinationPort }: HashedFlow): number {
  const [first, second] = sourceWords(source);
  const ports = BigInt(sourcePort) | (BigInt(destinationPort) << 16n);
  return Number(mix(seed ^ ports, first, second) & 0xffff_ffffn);
}

/**
 * Row of a table that a hash points at: multiply and shift in place of a modulo (D. Lemire, "Fast random integer
 * generation in an interval", ACM TOMACS 2019, section 3).
 *
 * @param hash  32 bits
 * @param rows  length of the table
 */
export function rowOf(hash: number, rows: number): number {
  return Number((BigInt(hash) * BigInt(rows)) >> 32n);
}

/** Mix of two words under a seed; all of 64 bits. */
export function mix(seed: bigint, first: bigint, second: bigint): bigint {
  let hash = (fold((seed ^ first) & MASK_64) * MIX_1) & MASK_64;
  hash = (fold(fold(hash) ^ second) * MIX_2) & MASK_64;
  return fold((fold(hash) * MIX_2) & MASK_64);
}

/** A multiplication carries upwards only: before each, the upper half is folded into the lower. */
function fold(word: bigint): bigint {
  return word ^ (word >> 32n);
}

/** The address as two little-endian words, as the program loads them; IPv4 in the first. */
function sourceWords(source: Uint8Array): readonly [bigint, bigint] {
  const bytes = new Uint8Array(16);
  bytes.set(source);
  const view = new DataView(bytes.buffer);
  return [view.getBigUint64(0, true), view.getBigUint64(8, true)];
}
