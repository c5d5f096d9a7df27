import { canonicalAddress, familyOf, isIpAddress } from '@weir/packet';
import { z } from 'zod';
import { parseGlbDocument } from './glb-document.js';
import type { GlbTable } from './glb-table.js';

const address = z.string().refine(isIpAddress, 'is not an IP address').transform(canonicalAddress);

const network = z.string().transform((text, context) => {
  const [host = '', bitsText, ...rest] = text.split('/');
  const bitsMax = familyOf(host) === 4 ? 32 : 128;
  const bits = bitsText === undefined ? bitsMax : Number(bitsText);
  const isSound = rest.length === 0 && isIpAddress(host) && (bitsText === undefined || /^\d{1,3}$/.test(bitsText));
  if (isSound && bits <= bitsMax) return { address: canonicalAddress(host), prefixBits: bits };
  context.addIssue('is not an IP address, nor a network such as 198.51.100.0/24');
  return z.NEVER;
});

const secret = z
  .string()
  .regex(/^[0-9a-f]{32}$/i, 'is not 32 hexadecimal digits')
  .transform((digits) => Uint8Array.from(Buffer.from(digits, 'hex')));

const port = z.int().min(0).max(65_535);

const bind = z
  .strictObject({
    ip: network,
    proto: z.enum(['tcp', 'udp']),
    port: port.optional(),
    port_start: port.optional(),
    port_end: port.optional(),
  })
  .transform(({ ip, proto, port: only, port_start: first = only, port_end: last = only }, context) => {
    const isOne = only !== undefined && first === only && last === only;
    const isRange = only === undefined && first !== undefined && last !== undefined && first <= last;
    if (isOne || isRange) return { ...ip, protocol: proto, firstPort: first as number, lastPort: last as number };
    context.addIssue('needs either port, or port_start and port_end, the end not before the start');
    return z.NEVER;
  });

const backend = z
  .strictObject({
    ip: address,
    state: z.enum(['filling', 'active', 'draining', 'inactive']),
    healthy: z.boolean().default(true),
    // Of GLB's health checker: Weir has its own.
    healthchecks: z.record(z.string(), z.unknown()).optional(),
  })
  .transform(({ ip, state, healthy }) => ({ address: ip, state, healthy }));

const table = z
  .strictObject({
    name: z.string().optional(),
    hash_key: secret,
    seed: secret,
    binds: z.array(bind),
    backends: z.array(backend).superRefine((backends, context) => {
      const seen = new Set<string>();
      for (const [index, { address: ip }] of backends.entries()) {
        if (seen.has(ip)) context.addIssue({ code: 'custom', path: [index, 'ip'], message: 'is a backend twice' });
        seen.add(ip);
      }
    }),
  })
  .transform(({ name, hash_key: hashKey, ...rest }) => ({ ...(name !== undefined && { name }), hashKey, ...rest }));

const document = z.strictObject({ tables: z.array(table) });

/**
 * Reads GLB's forwarding_table.json (GLB director, docs/setup/forwarding-table-config.md). A backend without `healthy`, as in a
 * file that GLB's health checker has yet to fill in, is taken as healthy. Refused are: keys that GLB does not have, a
 * backend twice in a table, and what GLB refuses.
 *
 * @throws {GlbError} GLB_CONFIG_INVALID with all problems, one a line; `details.problems` has them as data
 */
export function parseGlbConfig(text: string): readonly GlbTable[] {
  return parseGlbDocument(text, document).tables;
}
