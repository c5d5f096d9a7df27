import { z } from 'zod';
import { portNumber } from './port-schema.js';

const field = z.enum(['source', 'destination', 'sourcePort', 'destinationPort']);
const fields = z
  .array(field)
  .min(1, 'names no field; a packet is told by at least one')
  .refine((names) => new Set(names).size === names.length, 'names a field twice');
/** 16 bytes in hexadecimal. */
export const key = z.string().regex(/^[0-9a-fA-F]{32}$/, 'is not 16 bytes in hexadecimal');

/** `services[].secondChance`. */
export const secondChance = z.strictObject({
  choices: z.int().min(2).max(4).describe('Backends that a packet may try, in turn.').default(3),
  port: portNumber.describe("UDP port of the backends' agents; GLB's.").default(19_523),
  hashFields: fields
    .describe('What of a packet finds its row. The source alone is what GLB hashes: a client has one backend.')
    .default(['source', 'destination', 'sourcePort', 'destinationPort']),
  alternativeHashFields: fields
    .describe('What found it before: for as long as connections of that time last, their backends are tried last.')
    .optional(),
  seed: key.describe('Of the table, 16 bytes; default: from dataplane.hashSeed.').optional(),
  hashKey: key.describe('Of the hash that finds a row, 16 bytes; default: from dataplane.hashSeed.').optional(),
});

/** `services[].backends[].state`, of a service with second chance. */
export const memberState = z.enum(['filling', 'active', 'draining', 'inactive']);
