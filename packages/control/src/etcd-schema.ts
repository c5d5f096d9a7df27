import { z } from 'zod';
import { absolutePath } from './absolute-path-schema.js';
import { durationUpTo } from './duration.js';
import { endpoint } from './endpoint-schema.js';
import { tls } from './tls-schema.js';

/** etcd makes shorter leases as long as its election timeout asks for, 2 s as it is delivered. */
const LEASE_MIN_MS = 2000;
const TIMEOUT_MIN_MS = 100;

/** A part of a key: no slash, and nothing that a shell or a URL would take for something else. */
const KEY_PART = /^[A-Za-z0-9[][A-Za-z0-9._:[\]-]{0,252}$/;

export const keyPart = z
  .string()
  .regex(KEY_PART, 'is not a name that a key can hold: letters, digits, and . _ : [ ] -')
  .describe('At most 253 letters, digits, and . _ : [ ] -');

export function isKeyPart(text: string): boolean {
  return KEY_PART.test(text);
}

/** The section `etcd`. */
export const etcd = z.strictObject({
  cluster: keyPart.describe('Of Weir, not of etcd: keys begin with /weir/v1/CLUSTER/.').default('main'),
  endpoints: z
    .array(endpoint)
    .min(1, 'names no server')
    .max(64, 'names more than 64 servers')
    .describe('Members of etcd, each with its port; one is asked at a time, and the next if it fails.'),
  username: z.string().min(1).max(512).describe('Default: without authentication.').optional(),
  password: z
    .string()
    .min(1)
    .max(512)
    .describe('Anybody who may read the file sees it; passwordFile does without.')
    .optional(),
  passwordFile: absolutePath.describe('Instead of password: a file whose first line it is.').optional(),
  tls: z
    .union([z.boolean(), tls])
    .describe('true: with the certificate authorities that the system knows.')
    .default(false),
  snapshotFile: absolutePath
    .describe('Where the last good state is kept, for a start without etcd. Default: /var/lib/weir/CLUSTER.snapshot.')
    .optional(),
  lease: durationUpTo(3_600_000, '1h')
    .refine((ms) => ms >= LEASE_MIN_MS && ms % 1000 === 0, 'is not a whole number of seconds from 2s')
    .describe('How long the others take this node for alive after it was last heard of.')
    .prefault('10s'),
  timeout: durationUpTo(60_000, '60s')
    .refine((ms) => ms >= TIMEOUT_MIN_MS, 'is less than 100ms')
    .describe('Of a connection attempt and of a request; a member that is silent for longer is given up.')
    .prefault('2s'),
});
