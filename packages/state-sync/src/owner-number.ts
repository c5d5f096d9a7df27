import { hash } from 'node:crypto';

/** Number of a node in records: the first 3 bytes of SHA-256 of its name, big-endian. */
export function ownerNumber(nodeName: string): number {
  return Number.parseInt(hash('sha256', nodeName, 'hex').slice(0, 6), 16);
}
