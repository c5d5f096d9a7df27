import type { z } from 'zod';
import type { memberState } from '../second-chance-schema.js';
import { type ClusterView, type KeyWrite, mappingOf, textOf } from './rollout-view.js';

type MemberState = z.output<typeof memberState>;

const KEY = 'settings/nodes';

/** State of a node in the table of nodes; undefined: it is not in the table, or the table is not in etcd. */
export function memberStateOf(view: Pick<ClusterView, 'keys'>, name: string): MemberState | undefined {
  const member = membersOf(view).find((found) => found.name === name);
  return member === undefined ? undefined : ((member.state ?? 'active') as MemberState);
}

/** Puts one node into another state in the table, and leaves the others alone. Empty: there is nothing to change. */
export function memberWrites(
  view: Pick<ClusterView, 'keys'>,
  name: string,
  state: MemberState | undefined,
): readonly KeyWrite[] {
  const current = memberStateOf(view, name);
  if (state === undefined || current === undefined || current === state) return [];
  const members = membersOf(view).map((member) => (member.name === name ? { ...member, state } : member));
  return [{ key: KEY, text: JSON.stringify({ ...mappingOf(textOf(view, KEY)), members }) }];
}

/** New flows go to it, or will as soon as it is filled. */
export function isOwner(state: MemberState | undefined): boolean {
  return state === 'active' || state === 'filling';
}

function membersOf(view: Pick<ClusterView, 'keys'>): readonly Readonly<Record<string, unknown>>[] {
  const { members } = mappingOf(textOf(view, KEY));
  return Array.isArray(members) ? members.filter((member) => typeof member === 'object' && member !== null) : [];
}
