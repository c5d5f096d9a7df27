import type { NodeDocument } from './node-schema.js';

/** fullnat: the local addresses of a node, and where the document names them. */
export interface LocalPool {
  readonly path: readonly (string | number)[];
  readonly addresses: readonly string[];
}

type Nodes = NodeDocument['nodes'] | undefined;

/** Those of this node: `node.localAddresses`, or else those that its entry in `nodes` has. */
export function ownPool(node: NodeDocument['node'], nodes: Nodes): LocalPool {
  const at = ownMemberIndex(node, nodes);
  const { localAddresses = [] } = nodes?.members[at] ?? {};
  return node.localAddresses.length > 0 || localAddresses.length === 0
    ? { path: ['node', 'localAddresses'], addresses: node.localAddresses }
    : { path: ['nodes', 'members', at, 'localAddresses'], addresses: localAddresses };
}

/** Those of the other nodes, as far as the document names them. */
export function otherPools(node: NodeDocument['node'], nodes: Nodes): readonly LocalPool[] {
  const own = ownMemberIndex(node, nodes);
  return (nodes?.members ?? []).flatMap(({ localAddresses }, at) =>
    at === own ? [] : [{ path: ['nodes', 'members', at, 'localAddresses'], addresses: localAddresses }],
  );
}

/** The place of this node among the members; -1: it is none of them. */
export function ownMemberIndex(node: NodeDocument['node'], nodes: Nodes): number {
  return nodes?.members.findIndex(({ address }) => address === node.address || address === node.address6) ?? -1;
}
