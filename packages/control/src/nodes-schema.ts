import { z } from 'zod';
import { routableAddress } from './ip-address-schema.js';
import { portNumber } from './port-schema.js';
import { key, memberState } from './second-chance-schema.js';

/** Room in the data plane. */
export const NODES_MAX = 256;

/** The section `nodes`. */
export const nodes = z.strictObject({
  port: portNumber.describe('UDP port at which nodes take packets from one another.').default(19_523),
  choices: z.int().min(2).max(4).describe('Nodes that a packet of a flow may try, in turn.').default(2),
  seed: key.describe('Of the table, 16 bytes; default: from dataplane.hashSeed.').optional(),
  hashKey: key.describe('Of the hash that finds a row, 16 bytes; default: from dataplane.hashSeed.').optional(),
  members: z
    .array(
      z.strictObject({
        name: z.string().min(1).describe('What it has as node.name.'),
        address: routableAddress.describe('What it has as node.address or node.address6.'),
        state: memberState
          .describe('On its way in or out; filling and active take new flows, draining keeps those that it has.')
          .default('active'),
        localAddresses: z.array(routableAddress).describe('fullnat: what it has as node.localAddresses.').default([]),
      }),
    )
    .min(1, 'names no node')
    .max(NODES_MAX, `names more than ${NODES_MAX} nodes`)
    .describe('All nodes of the cluster, this one among them; the same list on all.'),
});
