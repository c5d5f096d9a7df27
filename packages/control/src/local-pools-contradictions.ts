import type { Contradiction, SoundParts } from './contradiction.js';
import { isIpv6 } from './ip-address-schema.js';
import { listenersOf } from './listener.js';
import { type LocalPool, otherPools, ownMemberIndex, ownPool } from './local-pools.js';
import { pathText } from './path-text.js';

/** Local addresses of one family that the data plane has room for. */
const LOCAL_ADDRESSES_MAX = 16;
const OF_ONE_NODE = 'a local address is of one node alone';

/** What is wrong with local addresses, of this node and of the others. */
export function localPoolsContradictions(parts: SoundParts): Contradiction[] {
  const { node, nodes } = parts;
  if (node === undefined) return [];
  const pools = [ownPool(node, nodes), ...otherPools(node, nodes)];
  return [...ofOwnLists(node, nodes), ...pools.flatMap(ofRoom), ...ofUses(pools, parts)];
}

/** The document names the addresses of this node in two places. */
function ofOwnLists(node: NonNullable<SoundParts['node']>, nodes: SoundParts['nodes']): Contradiction[] {
  const at = ownMemberIndex(node, nodes);
  const { localAddresses: listed = [] } = nodes?.members[at] ?? {};
  const { localAddresses: own } = node;
  const isSame = own.length === listed.length && own.every((address) => listed.includes(address));
  if (own.length === 0 || listed.length === 0 || isSame) return [];
  return [
    {
      path: ['nodes', 'members', at, 'localAddresses'],
      message: `is this node's, and not the same as node.localAddresses, ${own.join(', ')}; leave out one of them`,
    },
  ];
}

function ofRoom({ path, addresses }: LocalPool): Contradiction[] {
  return [false, true].flatMap((ipv6) => {
    const beyond = [...addresses.entries()].filter(([, address]) => isIpv6(address) === ipv6)[LOCAL_ADDRESSES_MAX];
    if (beyond === undefined) return [];
    const message = `is more than the ${LOCAL_ADDRESSES_MAX} that a node may have of a family`;
    return [{ path: [...path, beyond[0]], message }];
  });
}

/** An address with two uses. */
function ofUses(pools: readonly LocalPool[], parts: SoundParts): Contradiction[] {
  const places = new Map<string, string>();
  const otherUse = otherUses(parts);
  return pools.flatMap(({ path, addresses }) =>
    [...addresses.entries()].flatMap(([at, address]) => {
      const place = [...path, at];
      const first = places.get(address);
      places.set(address, first ?? pathText(place));
      const message = first === undefined ? otherUse(address) : `is ${first} too`;
      return message === undefined ? [] : [{ path: place, message }];
    }),
  );
}

/** What else than a local address an address is. */
function otherUses({ node, nodes, services }: SoundParts): (address: string) => string | undefined {
  const vips = new Set([...services].flatMap(([i, service]) => listenersOf(service, i).map((l) => l.listener.vip)));
  const backends = new Set([...services.values()].flatMap((service) => service.backends.map((b) => b.address)));
  const ofNodes = new Map(nodes?.members.map(({ address }, at) => [address, `nodes.members[${at}].address`]));
  for (const key of ['address', 'address6'] as const) {
    if (node?.[key] !== undefined) ofNodes.set(node[key], `node.${key}`);
  }
  return (address) => {
    const ofNode = ofNodes.get(address);
    if (ofNode !== undefined) return `is ${ofNode} too; clients' connections would meet those of the node itself`;
    if (vips.has(address)) return `is a VIP; ${OF_ONE_NODE}`;
    return backends.has(address) ? `is the address of a backend; ${OF_ONE_NODE}` : undefined;
  };
}
