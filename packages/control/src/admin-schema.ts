import { z } from 'zod';
import { absolutePath } from './absolute-path-schema.js';
import { endpoint } from './endpoint-schema.js';

const pattern = z.string().min(1).max(512);

const role = z
  .strictObject({
    subject: pattern
      .describe('Common name of the certificate; * stands for any text without ".", "/" and "@".')
      .optional(),
    san: pattern
      .describe(
        'A subject alternative name of it, such as DNS:*.ops.example, email:*@example or URI:spiffe://example/weir.',
      )
      .optional(),
    role: z
      .enum(['viewer', 'operator', 'admin'])
      .describe('viewer reads; operator drains, weighs, overrides, rolls out; admin does all.'),
  })
  .refine(({ subject, san }) => (subject === undefined) !== (san === undefined), {
    error: 'has to have one of subject and san',
  });

/** The section `admin`. */
export const admin = z.strictObject({
  socket: z
    .union([absolutePath, z.literal('off')])
    .describe('Unix socket; who may open it may do all. Default: admin.sock in runtimeDirectory.')
    .optional(),
  socketMode: z
    .string('is not a file mode in quotes, such as "0660"')
    .regex(/^0?[0-7]{3}$/, 'is not a file mode, such as "0660"')
    .describe('Permissions of the socket, in octal.')
    .default('0660'),
  socketGroup: z.string().min(1).max(32).describe('Group of the socket; default: that of the daemon.').optional(),
  listen: z
    .array(endpoint)
    .max(16)
    .describe('TCP addresses, for clients with a certificate; default: none.')
    .default([]),
  tls: z
    .strictObject({
      certificate: absolutePath.describe('PEM file of the certificate of this node, with those between it and its CA.'),
      key: absolutePath.describe('PEM file of its key.'),
      clientCa: absolutePath.describe('PEM file of who signs the certificates of clients.'),
    })
    .describe('Of listen. The files may be replaced at any time.')
    .optional(),
  roles: z
    .array(role)
    .max(1000)
    .describe('Who may do what over TLS; the first that matches the certificate decides, none: refused.')
    .default([]),
  auditLog: absolutePath
    .describe('File that each change is told to, a line each; the log has it in any case.')
    .optional(),
});
