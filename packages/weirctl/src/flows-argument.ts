import type { ChoiceMember, PlanFlows } from '@weir/director';
import { InvalidArgumentError } from 'commander';
import { WeirctlError } from './weirctl-error.js';

/** Flows of all members together, or of members by their name or address. */
export type FlowsArgument = number | ReadonlyMap<string, number>;

/**
 * An option's number of flows: of all members together, `200000`, or of one, `web1=5000`; the latter may be repeated.
 * @param former  what earlier options of the same command line said
 */
export function flowsArgument(text: string, former: FlowsArgument | undefined): FlowsArgument {
  const [, member, digits] = /^(?:(.+)=)?(\d+)$/.exec(text) ?? [];
  if (digits === undefined) throw new InvalidArgumentError('Write a number, or a member with its number: web1=5000.');
  const count = Number(digits);
  if (member === undefined) {
    if (former === undefined) return count;
    throw new InvalidArgumentError('The number of all flows stands alone, without --flows of members.');
  }
  if (typeof former === 'number') {
    throw new InvalidArgumentError('Flows are given of all members together, or of each by its name.');
  }
  return new Map([...(former ?? []), [member, count]]);
}

/**
 * The flows by the addresses of these members.
 * @throws {WeirctlError} MEMBER_UNKNOWN
 */
export function flowsOfMembers(flows: FlowsArgument, members: readonly ChoiceMember[]): PlanFlows {
  if (typeof flows === 'number') return flows;
  return new Map(Array.from(flows, ([name, count]) => [addressOf(name, members), count]));
}

function addressOf(name: string, members: readonly ChoiceMember[]): string {
  const member = members.find(({ id, address }) => id === name || address === name);
  if (member !== undefined) return member.address;
  const names = members.filter(({ label }) => label === undefined).map(({ id }) => id);
  const message = `--flows ${name}=: no member in force is called or has the address "${name}"; there are ${names.join(', ')}`;
  throw new WeirctlError('MEMBER_UNKNOWN', message, { details: { name, names } });
}
