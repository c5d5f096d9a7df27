import type { Contradiction, SoundParts } from './contradiction.js';
import { isIpv6 } from './ip-address-schema.js';
import { listenersOf } from './listener.js';
import { repeated } from './repeated.js';

/** What is wrong within `nodes`, and between them and the node itself. */
export function nodesContradictions({ node, nodes, services }: SoundParts): Contradiction[] {
  if (nodes === undefined) return [];
  const { members } = nodes;
  const found: Contradiction[] = [];
  for (const key of ['name', 'address'] as const) {
    for (const [at, first] of repeated(members.map((member) => member[key]))) {
      found.push({ path: ['nodes', 'members', at, key], message: `is the ${key} of nodes.members[${first}] too` });
    }
  }
  const [first] = members;
  for (const [at, { address }] of members.entries()) {
    if (first === undefined || isIpv6(address) === isIpv6(first.address)) continue;
    found.push({
      path: ['nodes', 'members', at, 'address'],
      message: `is not of the family of nodes.members[0], ${first.address}; a packet's list of nodes has one family`,
    });
  }
  const own = [node?.address, node?.address6].filter((address) => address !== undefined);
  if (node !== undefined && !members.some(({ address }) => own.includes(address))) {
    const which = own.length === 0 ? 'which has neither node.address nor node.address6' : own.join(' or ');
    found.push({ path: ['nodes', 'members'], message: `lacks this node, ${which}` });
  }
  const ofNodes = new Map(members.map(({ address }, at) => [address, at]));
  for (const [i, service] of services) {
    for (const { listener, path } of listenersOf(service, i)) {
      const at = ofNodes.get(listener.vip);
      if (at === undefined) continue;
      found.push({
        path: [...path, 'vip'],
        message: `is the address of nodes.members[${at}]; a VIP is of no node alone`,
      });
    }
  }
  if (members.every(({ state }) => state === 'inactive')) {
    found.push({ path: ['nodes', 'members'], message: 'are all inactive; flows would have no owner' });
  }
  return found;
}
