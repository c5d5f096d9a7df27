import type { z } from 'zod';
import { ownMemberIndex, ownPool } from './local-pools.js';
import type { NodeDocument } from './node-schema.js';
import type { nodes } from './nodes-schema.js';
import { derivedKey } from './second-chance-config.js';

type NodesDocument = z.output<typeof nodes>;

type MemberDocument = NodesDocument['members'][number];

/** A node of the cluster. */
export interface MemberConfig extends Readonly<Omit<MemberDocument, 'localAddresses'>> {
  /** fullnat: what its packets to backends come from; of both families. */
  readonly localAddresses: readonly string[];
}

/** The nodes of the cluster, which have the state of flows between them. */
export interface NodesConfig {
  /** UDP port at which nodes take packets from one another. */
  readonly port: number;
  readonly choices: 2 | 3 | 4;
  /** Of the table: 16 bytes, hexadecimal. */
  readonly seed: string;
  /** Of the hash of packets: 16 bytes, hexadecimal. */
  readonly hashKey: string;
  readonly members: readonly MemberConfig[];
}

/**
 * @param hashSeed  what keys follow from that are not given
 * @param node      this one
 */
export function nodesConfigOf(nodes: NodesDocument, hashSeed: bigint, node: NodeDocument['node']): NodesConfig {
  const { port, choices, seed, hashKey, members } = nodes;
  const own = ownMemberIndex(node, nodes);
  const { addresses: localAddresses } = ownPool(node, nodes);
  return {
    port,
    choices: choices as NodesConfig['choices'],
    seed: seed?.toLowerCase() ?? derivedKey('table of nodes', hashSeed),
    hashKey: hashKey?.toLowerCase() ?? derivedKey('packets of nodes', hashSeed),
    members: members.map((member, at) => (at === own ? { ...member, localAddresses } : member)),
  };
}
