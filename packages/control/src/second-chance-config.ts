import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { secondChance } from './second-chance-schema.js';

type SecondChanceDocument = z.output<typeof secondChance>;

/** How packets of a service carry the backends to try. */
export interface SecondChanceConfig {
  readonly choices: 2 | 3 | 4;
  /** UDP port of the backends' agents. */
  readonly port: number;
  readonly hashFields: SecondChanceDocument['hashFields'];
  readonly alternativeHashFields?: SecondChanceDocument['hashFields'];
  /** Of the table: 16 bytes, hexadecimal. */
  readonly seed: string;
  /** Of the hash of packets: 16 bytes, hexadecimal. */
  readonly hashKey: string;
}

/** @param hashSeed  what keys follow from that are not given */
export function secondChanceConfigOf(document: SecondChanceDocument, hashSeed: bigint): SecondChanceConfig {
  const { choices, port, hashFields, alternativeHashFields, seed, hashKey } = document;
  return {
    choices: choices as SecondChanceConfig['choices'],
    port,
    hashFields,
    ...(alternativeHashFields === undefined ? {} : { alternativeHashFields }),
    seed: seed?.toLowerCase() ?? derivedKey('table', hashSeed),
    hashKey: hashKey?.toLowerCase() ?? derivedKey('packets', hashSeed),
  };
}

/**
 * The first 16 bytes of SHA-256("weir second chance: PURPOSE: HASHSEED"), the seed as 16 hexadecimal digits: equal on all
 * nodes that have the same dataplane.hashSeed, and different for each purpose.
 */
export function derivedKey(
  purpose: 'table' | 'packets' | 'table of nodes' | 'packets of nodes',
  hashSeed: bigint,
): string {
  const text = `weir second chance: ${purpose}: ${hashSeed.toString(16).padStart(16, '0')}`;
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
