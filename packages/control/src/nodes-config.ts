import type { z } from 'zod';
import type { nodes } from './nodes-schema.js';
import { derivedKey } from './second-chance-config.js';

type NodesDocument = z.output<typeof nodes>;

/** The nodes of the cluster, which have the state of flows between them. */
export interface NodesConfig {
  /** UDP port at which nodes take packets from one another. */
  readonly port: number;
  readonly choices: 2 | 3 | 4;
  /** Of the table: 16 bytes, hexadecimal. */
  readonly seed: string;
  /** Of the hash of packets: 16 bytes, hexadecimal. */
  readonly hashKey: string;
  readonly members: NodesDocument['members'];
}

/** @param hashSeed  what keys follow from that are not given */
export function nodesConfigOf({ port, choices, seed, hashKey, members }: NodesDocument, hashSeed: bigint): NodesConfig {
  return {
    port,
    choices: choices as NodesConfig['choices'],
    seed: seed?.toLowerCase() ?? derivedKey('table of nodes', hashSeed),
    hashKey: hashKey?.toLowerCase() ?? derivedKey('packets of nodes', hashSeed),
    members,
  };
}
