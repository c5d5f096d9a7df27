/**
 * SipHash-2-4 and the ranks of members in rows, in AssemblyScript: 64-bit arithmetic is what JavaScript lacks, and a table of
 * 1,000 members takes 65 million hashes. Memory is laid out by `reserve`; src/row-ranks-module.ts is the other side.
 */

/** Members kept per row. */
export const DEPTH: u32 = 8;
export const ROWS: u32 = 65_536;
/** A place in a row's list that nobody has. */
const NOBODY: u16 = 0xffff;

// The state of SipHash between blocks (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, section 2.1).
let state0: u64 = 0;
let state1: u64 = 0;
let state2: u64 = 0;
let state3: u64 = 0;

// The list of the row in hand: members of distinct addresses, the least score first.
const listed = memory.data(16);
const scores = memory.data(64, 8);
let length: u32 = 0;
/** A score above this is not of the list. */
let limit: u64 = u64.MAX_VALUE;

/** 16 bytes of key, then what `digest` reads; room for a packet's fields. */
export const scratch: usize = memory.data(80, 8);
/** The table's seed. */
export const seed: usize = memory.data(16, 8);
const rowBlock = memory.data(24, 8);

/** For each row, {@link DEPTH} members (u16). */
export let ranks: usize = 0;
/** For each member, where its blocks begin (u32); one more for the end of the last. */
export let starts: usize = 0;
/** For each member, a number that it shares with those of its address (u32). */
export let addresses: usize = 0;
/** Members to look at (u16), as many as the caller says. */
export let candidates: usize = 0;
/** The members' blocks, each member's followed by two of zeros. */
export let blocks: usize = 0;

/** Makes room for so many members, with so many blocks of 8 bytes, zeros included. Called once, first. */
export function reserve(memberCount: u32, blockCount: u32): void {
  ranks = (__heap_base + 7) & ~7;
  starts = ranks + ROWS * DEPTH * 2;
  addresses = starts + (memberCount + 1) * 4;
  candidates = addresses + memberCount * 4;
  blocks = (candidates + memberCount * 2 + 7) & ~7;
  const pages = <i32>((blocks + blockCount * 8 + 0xffff) >>> 16) - memory.size();
  if (pages > 0 && memory.grow(pages) < 0) unreachable();
}

/** Low 32 bits of SipHash-2-4 of the blocks between two addresses, under the key in `scratch`. Two blocks of zeros follow. */
export function hashLow(from: usize, to: usize): u32 {
  start(scratch);
  return <u32>digest(from, to);
}

/** Ranks the candidates in the rows from one to before another. */
export function rankRows(from: u32, to: u32, candidateCount: u32): void {
  for (let row = from; row < to; row++) {
    startRow(row);
    length = 0;
    limit = u64.MAX_VALUE;
    for (let index: u32 = 0; index < candidateCount; index++) {
      const member = load<u16>(candidates + index * 2);
      const score = scoreOf(member);
      if (score <= limit) offer(member, score);
    }
    storeList(row);
  }
}

/** Puts one more member where it belongs in each row; where it is already, it stays. */
export function insertMember(member: u16): void {
  for (let row: u32 = 0; row < ROWS; row++) {
    startRow(row);
    const score = scoreOf(member);
    const last = load<u16>(placeOf(row, DEPTH - 1));
    // Nearly always so: the other scores need not be known.
    if (last !== NOBODY && scoreOf(last) <= score) continue;
    loadList(row);
    offer(member, score);
    storeList(row);
  }
}

/** The candidate with the least score in a row. */
export function bestOf(row: u32, candidateCount: u32): u32 {
  startRow(row);
  let best: u16 = NOBODY;
  let least = u64.MAX_VALUE;
  for (let index: u32 = 0; index < candidateCount; index++) {
    const member = load<u16>(candidates + index * 2);
    const score = scoreOf(member);
    if (score > least) continue;
    best = member;
    least = score;
  }
  return best;
}

function placeOf(row: u32, place: u32): usize {
  return ranks + (row * DEPTH + place) * 2;
}

/** Into the list by score; of members of one address only the best stays. */
function offer(member: u16, score: u64): void {
  const address = load<u32>(addresses + <u32>member * 4);
  for (let place: u32 = 0; place < length; place++) {
    if (load<u32>(addresses + <u32>load<u16>(listed + place * 2) * 4) !== address) continue;
    if (load<u64>(scores + place * 8) <= score) return;
    for (; place + 1 < length; place++) move(place + 1, place);
    length--;
  }
  let place = min(length, DEPTH - 1);
  for (; place > 0 && load<u64>(scores + (place - 1) * 8) > score; place--) move(place - 1, place);
  store<u16>(listed + place * 2, member);
  store<u64>(scores + place * 8, score);
  length = min(length + 1, DEPTH);
  if (length === DEPTH) limit = load<u64>(scores + (DEPTH - 1) * 8);
}

function move(from: u32, to: u32): void {
  store<u16>(listed + to * 2, load<u16>(listed + from * 2));
  store<u64>(scores + to * 8, load<u64>(scores + from * 8));
}

/** The row's list with its scores. The row has been started. */
function loadList(row: u32): void {
  limit = u64.MAX_VALUE;
  for (length = 0; length < DEPTH; length++) {
    const other = load<u16>(placeOf(row, length));
    if (other === NOBODY) break;
    store<u16>(listed + length * 2, other);
    store<u64>(scores + length * 8, scoreOf(other));
  }
}

function storeList(row: u32): void {
  for (let place: u32 = 0; place < DEPTH; place++) {
    store<u16>(placeOf(row, place), place < length ? load<u16>(listed + place * 2) : NOBODY);
  }
}

/** Score in the row that was started: the hash's 8 bytes read as a big-endian number. */
function scoreOf(member: u16): u64 {
  const at = starts + <u32>member * 4;
  return bswap(digest(load<u32>(at), load<u32>(at + 4) - 16));
}

/** What all members' hashes in a row have in common: the seed, and as first block the row's own seed. */
function startRow(row: u32): void {
  // 4 bytes of row, big-endian, and the message's length in the last byte.
  store<u64>(rowBlock, <u64>bswap(row) | ((<u64>4) << 56));
  start(seed);
  const rowSeed = digest(rowBlock, rowBlock + 8);
  start(seed);
  absorb(rowSeed);
}

function start(key: usize): void {
  const key0 = load<u64>(key);
  const key1 = load<u64>(key + 8);
  state0 = key0 ^ (((<u64>0x736f6d65) << 32) | 0x70736575);
  state1 = key1 ^ (((<u64>0x646f7261) << 32) | 0x6e646f6d);
  state2 = key0 ^ (((<u64>0x6c796765) << 32) | 0x6e657261);
  state3 = key1 ^ (((<u64>0x74656462) << 32) | 0x79746573);
}

/** One block into the state. */
function absorb(block: u64): void {
  let v0 = state0;
  let v1 = state1;
  let v2 = state2;
  let v3 = state3 ^ block;
  for (let round = 0; round < 2; round++) {
    v0 += v1;
    v2 += v3;
    v1 = rotl(v1, 13) ^ v0;
    v3 = rotl(v3, 16) ^ v2;
    v0 = rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = rotl(v1, 17) ^ v2;
    v3 = rotl(v3, 21) ^ v0;
    v2 = rotl(v2, 32);
  }
  state0 = v0 ^ block;
  state1 = v1;
  state2 = v2;
  state3 = v3;
}

/**
 * The hash after the blocks between two addresses, from the state, which stays. Two blocks of zeros have to follow them: the four
 * rounds of finalization are the two rounds of a block twice, so one loop does all.
 */
function digest(from: usize, to: usize): u64 {
  let v0 = state0;
  let v1 = state1;
  let v2 = state2;
  let v3 = state3;
  for (let at = from; at < to + 16; at += 8) {
    const block = load<u64>(at);
    if (at === to) v2 ^= 0xff;
    v3 ^= block;
    v0 += v1;
    v2 += v3;
    v1 = rotl(v1, 13) ^ v0;
    v3 = rotl(v3, 16) ^ v2;
    v0 = rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = rotl(v1, 17) ^ v2;
    v3 = rotl(v3, 21) ^ v0;
    v2 = rotl(v2, 32);
    v0 += v1;
    v2 += v3;
    v1 = rotl(v1, 13) ^ v0;
    v3 = rotl(v3, 16) ^ v2;
    v0 = rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = rotl(v1, 17) ^ v2;
    v3 = rotl(v3, 21) ^ v0;
    v2 = rotl(v2, 32);
    v0 ^= block;
  }
  return v0 ^ v1 ^ v2 ^ v3;
}
