import { z } from 'zod';

const count = z.int().min(0);

/** `condition` of a node's record: numbers of this life of the daemon. A newer version may say more. */
export const nodeCondition = z.object({
  sessions: z.object({ up: count, configured: count }).describe('Of BGP or VRRP.'),
  tables: z.string().describe('Digest of what is in force; the same on all nodes of a whole cluster.'),
  replication: z.enum(['none', 'current', 'behind']),
  connections: count.describe('Active ones that it remembers.'),
  packets: count.describe('Forwarded; only grows.'),
  errors: count.describe('Dropped for reasons that mean trouble; only grows.'),
  backends: z.object({ usable: count, all: count }),
  followed: z
    .record(
      z.string(),
      z.object({
        usable: z.boolean(),
        connections: count.describe('Active ones; absent: nobody remembers them.').exactOptional(),
      }),
    )
    .describe('By SERVICE/BACKEND: those that rollouts ask for.')
    .exactOptional(),
  rolloutStep: z.string().describe('step of its node-states entry, once in force.').exactOptional(),
});
