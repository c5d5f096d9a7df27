import { addressToBytes, canonicalAddress } from '@weir/packet';
import siphash from 'siphash';
import { type ChoiceMember, takesNew } from '../choice-member.js';

/** SipHash-2-4 by another's implementation; 8 bytes, as the hash puts them out. */
export function referenceHash(key: Uint8Array, message: Uint8Array): Buffer {
  const { h, l } = siphash.hash(new Uint32Array(new Uint8Array(key).buffer), message);
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(l >>> 0, 0);
  bytes.writeUInt32LE(h >>> 0, 4);
  return bytes;
}

/**
 * Ids of a row's choices, told slowly and plainly: every member is hashed, all are sorted, the first that takes new ones is moved up,
 * and the unhealthy down, unless nobody else is off.
 */
export function referenceChoices(
  seed: Uint8Array,
  row: number,
  members: readonly ChoiceMember[],
  choices: number,
): string[] {
  const rowNumber = Buffer.alloc(4);
  rowNumber.writeUInt32BE(row);
  const rowSeed = referenceHash(seed, rowNumber);
  const ranked = members
    .filter(({ state }) => state !== 'inactive')
    .map((member) => {
      const message = Buffer.concat([rowSeed, addressToBytes(member.address), Buffer.from(member.label ?? '')]);
      return { member, score: referenceHash(seed, message) };
    })
    .sort((one, other) => one.score.compare(other.score))
    .map(({ member }) => member);
  const first = ranked.find(takesNew) ?? ranked.find(({ healthy }) => healthy) ?? ranked[0];
  if (first === undefined) return [];
  const ordered = [first, ...ranked];
  const addresses = ordered.map(({ address }) => canonicalAddress(address));
  const chosen = ordered
    .filter((_, index) => addresses.indexOf(addresses[index] as string) === index)
    .slice(0, choices);
  const off = ranked.filter(({ state, healthy }) => state !== 'active' || !healthy);
  const behind = chosen.slice(1);
  const sorted =
    off.length > 1 ? [...behind.filter(({ healthy }) => healthy), ...behind.filter(({ healthy }) => !healthy)] : behind;
  return [first, ...sorted].map(({ id }) => id);
}
