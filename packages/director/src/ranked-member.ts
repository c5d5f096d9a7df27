import { setImmediate as nextTurn } from 'node:timers/promises';
import { addressToBytes, bytesToAddress } from '@weir/packet';
import type { ChoiceMember } from './choice-member.js';
import { DirectorError } from './director-error.js';
import { siphashBlocks } from './siphash-blocks.js';

/** Most members of a choice table. */
export const CHOICE_MEMBERS_MAX = 65_535;

const ROW_SEED_BYTES = 8;
/** Addresses parsed between two turns of the event loop; an IPv6 address takes some 20 µs. */
const PARSED_PER_TURN = 200;

/** A member with what has to be known of it to rank it. */
export interface RankedMember {
  readonly member: ChoiceMember;
  /** Canonical text. */
  readonly address: string;
  /** Address and label, as SipHash takes them after the row's seed. */
  readonly blocks: Uint8Array;
}

/**
 * Members, checked.
 *
 * @param known  members of an earlier table: parsing an address costs more than ranking it in a hundred rows
 * @throws {DirectorError} DUPLICATE_MEMBER, TOO_MANY_MEMBERS
 * @throws AddressError ADDRESS_INVALID
 */
export async function rankedMembers(
  members: readonly ChoiceMember[],
  known: readonly RankedMember[] = [],
): Promise<RankedMember[]> {
  if (members.length > CHOICE_MEMBERS_MAX) {
    const message = `a choice table has at most ${CHOICE_MEMBERS_MAX} members, not ${members.length}`;
    throw new DirectorError('TOO_MANY_MEMBERS', message, { details: { members: members.length } });
  }
  const knownById = new Map(known.map((ranked) => [ranked.member.id, ranked]));
  const all: RankedMember[] = [];
  let parsed = 0;
  // A copy: the caller's list may change while others have their turn.
  for (const member of [...members]) {
    const before = knownById.get(member.id);
    if (before !== undefined && isHashedAs(before.member, member)) {
      all.push({ ...before, member });
      continue;
    }
    all.push(parseMember(member));
    if (++parsed % PARSED_PER_TURN === 0) await nextTurn();
  }
  checkDistinct(all);
  return all;
}

/** Is it hashed alike, and called alike? */
export function isSameMember(one: RankedMember, other: RankedMember): boolean {
  return one.address === other.address && one.member.id === other.member.id && hasSameLabel(one.member, other.member);
}

function parseMember(member: ChoiceMember): RankedMember {
  const bytes = addressToBytes(member.address);
  const blocks = siphashBlocks(Buffer.concat([bytes, Buffer.from(member.label ?? '')]), ROW_SEED_BYTES);
  return { member, address: bytesToAddress(bytes), blocks };
}

/** By the text: one address that is written in two ways is parsed again. */
function isHashedAs(one: ChoiceMember, other: ChoiceMember): boolean {
  return one.address === other.address && hasSameLabel(one, other);
}

/** A label of no characters hashes nothing: it is as good as none. */
function hasSameLabel(one: ChoiceMember, other: ChoiceMember): boolean {
  return (one.label ?? '') === (other.label ?? '');
}

function checkDistinct(all: readonly RankedMember[]): void {
  const ids = new Set<string>();
  const idsByHashed = new Map<string, string>();
  for (const { member, address } of all) {
    const { id, label = '' } = member;
    if (ids.has(id)) {
      throw new DirectorError('DUPLICATE_MEMBER', `two members are called "${id}"`, { details: { id } });
    }
    ids.add(id);
    const hashed = `${address} ${label}`;
    const other = idsByHashed.get(hashed);
    if (other !== undefined) {
      const message = `"${other}" and "${id}" both have the address ${address} and the label "${label}"; give several members of one address distinct labels`;
      throw new DirectorError('DUPLICATE_MEMBER', message, { details: { id, other, address, label } });
    }
    idsByHashed.set(hashed, id);
  }
}
