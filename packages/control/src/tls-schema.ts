import { z } from 'zod';
import { absolutePath } from './absolute-path-schema.js';

/** How a server is known, and this node to it. */
export const tls = z.strictObject({
  ca: absolutePath
    .describe('PEM file of who signed the certificate of the server; default: the known ones.')
    .optional(),
  certificate: absolutePath.describe('PEM file of the certificate of this node.').optional(),
  key: absolutePath.describe('PEM file of its key.').optional(),
  serverName: z
    .string()
    .min(1)
    .describe('Name that the certificate of the server has; default: the host of the address.')
    .optional(),
});
