import { hash } from 'node:crypto';

/**
 * What ids of flows in the store are made with, so that nobody can choose them: the first 16 bytes of
 * SHA-256("weir shared flows: HASHSEED"), the seed as 16 hexadecimal digits. Equal on all nodes that have the same
 * dataplane.hashSeed.
 */
export function clusterSecret(hashSeed: bigint): Uint8Array {
  const text = `weir shared flows: ${hashSeed.toString(16).padStart(16, '0')}`;
  return hash('sha256', text, 'buffer').subarray(0, 16);
}
