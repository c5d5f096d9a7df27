import { addressToBytes } from '@weir/packet';
import siphash from 'siphash';

/**
 * The choices of rows as JavaScript alone finds them: 64-bit numbers in two halves, no BigInt; every member is hashed, the best few
 * are kept. All members take new connections.
 *
 * @returns indexes of members, so many for each row
 */
export function plainChoices(
  seed: Uint8Array,
  addresses: readonly string[],
  rows: number,
  choices: number,
): Uint16Array {
  const key = new Uint32Array(seed.slice().buffer);
  const members = addresses.map(addressToBytes);
  const table = new Uint16Array(rows * choices);
  const rowNumber = new DataView(new ArrayBuffer(4));
  for (let row = 0; row < rows; row++) {
    rowNumber.setUint32(0, row);
    const { h, l } = siphash.hash(key, new Uint8Array(rowNumber.buffer));
    const best: Scored[] = [];
    for (const [index, address] of members.entries()) {
      const message = new Uint8Array(8 + address.byteLength);
      const view = new DataView(message.buffer);
      view.setUint32(0, l, true);
      view.setUint32(4, h, true);
      message.set(address, 8);
      const hash = siphash.hash(key, message);
      keep(best, { index, high: swapped(hash.l), low: swapped(hash.h) }, choices);
    }
    for (const [place, { index }] of best.entries()) table[row * choices + place] = index;
  }
  return table;
}

interface Scored {
  readonly index: number;
  readonly high: number;
  readonly low: number;
}

function keep(best: Scored[], scored: Scored, count: number): void {
  let place = best.length;
  while (place > 0 && isBefore(scored, best[place - 1] as Scored)) place--;
  if (place === count) return;
  best.splice(place, 0, scored);
  if (best.length > count) best.pop();
}

function isBefore(one: Scored, other: Scored): boolean {
  return one.high < other.high || (one.high === other.high && one.low < other.low);
}

function swapped(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
