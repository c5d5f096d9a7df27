import { z } from 'zod';
import { absolutePath } from './absolute-path-schema.js';
import { duration } from './duration.js';
import { endpoint } from './endpoint-schema.js';
import { TICK_MS } from './flow-timeout-schema.js';
import { tls } from './tls-schema.js';

const TELL_AFTER_MAX_MS = 5 * 60_000;
const BATCH_DELAY_MAX_MS = 1000;

const credential = z.string().min(1).max(512);

const redis = z.strictObject({
  addresses: z
    .array(endpoint)
    .min(1, 'names no server')
    .max(64, 'names more than 64 servers')
    .describe('Of the server, or of Sentinels, or of some nodes of the Cluster; each with its port.'),
  mode: z
    .enum(['single', 'sentinel', 'cluster'])
    .describe('One server, Sentinels that name it, or a Cluster.')
    .default('single'),
  sentinelName: z.string().min(1).describe('sentinel: what the Sentinels know the servers as.').optional(),
  username: credential.describe('Default: the default user.').optional(),
  password: credential.describe('Anybody who may read the file sees it; passwordFile does without.').optional(),
  passwordFile: absolutePath.describe('Instead of password: a file whose first line it is.').optional(),
  sentinelUsername: credential.describe('sentinel: for the Sentinels themselves.').optional(),
  sentinelPassword: credential.describe('sentinel: for the Sentinels themselves.').optional(),
  sentinelPasswordFile: absolutePath.describe('Instead of sentinelPassword: a file whose first line it is.').optional(),
  tls: z
    .union([z.boolean(), tls])
    .describe('true: with the certificate authorities that the system knows.')
    .default(false),
  database: z.int().min(0).max(65_535).describe('Number of the database; a Cluster has 0 alone.').default(0),
});

/** The section `state`. */
export const state = z.strictObject({
  store: z
    .enum(['redis', 'memory'])
    .describe('redis: shared by all nodes; memory: within this process, for a node without others.'),
  redis: redis.describe('Of store redis: where it is.').optional(),
  keyPrefix: z
    .string()
    .min(1, 'is empty; clusters that share a server are told apart by it')
    .max(64)
    .describe('What every key begins with; of one Weir cluster alone.')
    .default('weir:'),
  tellAfter: duration
    .refine((ms) => ms >= TICK_MS, 'is less than 1s, the tick that flows are timed by')
    .refine((ms) => ms <= TELL_AFTER_MAX_MS, 'is more than 5m; flows would be lost with their node for so long')
    .describe('How old a flow is before it is shared; shorter ones never reach the store.')
    .prefault('3s'),
  takeoversPerSecond: z
    .int()
    .min(1)
    .max(10_000_000)
    .describe('Packets of unknown flows that this node asks about, at most.')
    .default(100_000),
  queue: z
    .int()
    .min(1000)
    .max(10_000_000)
    .describe('Flows that wait for the store, at most; refreshes are dropped first, new ones last.')
    .default(200_000),
  batchDelay: duration
    .refine((ms) => ms >= 1, 'is less than 1ms')
    .refine((ms) => ms <= BATCH_DELAY_MAX_MS, 'is more than 1s; flows would be shared too late')
    .describe('How long flows wait for others before they are written together.')
    .prefault('10ms'),
});
