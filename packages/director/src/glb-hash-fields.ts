import { z } from 'zod';
import type { HashField } from './choice-row.js';
import { parseGlbDocument } from './glb-document.js';
import type { PacketHash } from './packet-choices.js';

const flag = z.boolean().default(false);
const fields = z
  .strictObject({ src_addr: flag, dst_addr: flag, src_port: flag, dst_port: flag })
  .transform(({ src_addr, dst_addr, src_port, dst_port }, context): HashField[] => {
    const chosen = { source: src_addr, destination: dst_addr, sourcePort: src_port, destinationPort: dst_port };
    const names = Object.entries(chosen).flatMap(([name, isChosen]) => (isChosen ? [name as HashField] : []));
    if (names.length === 0) context.addIssue('names no field: all packets would have one row');
    return names;
  });

/** The other keys are about GLB's machine: cores, queues, MAC addresses. */
const document = z.object({ hash_fields: fields.default(['source']), alt_hash_fields: fields.optional() });

/**
 * By what GLB's director.conf (JSON) has packets hashed: by the source's address, unless `hash_fields` says otherwise, and
 * with `alt_hash_fields` by other fields until now.
 *
 * @throws {GlbError} GLB_CONFIG_INVALID with all problems, one a line
 */
export function parseGlbHashFields(text: string): Omit<PacketHash, 'key'> {
  const { hash_fields: now, alt_hash_fields: before } = parseGlbDocument(text, document);
  return { fields: now, ...(before !== undefined && { fieldsBefore: before }) };
}
