import type { ServiceConfig } from '@weir/control';

/** Bytes of an IP header without options or extensions: RFC 791 section 3.1, RFC 8200 section 3. */
const ipBytes = { 4: 20, 6: 40 } as const;
/** GRE without options (RFC 2784 section 2). */
const GRE_BYTES = 4;
const UDP_BYTES = 8;
/** GUE without options (draft-ietf-intarea-gue-09 section 3.1). */
const GUE_BYTES = 4;
/** GUE with the fields that come before its list of hops (docs/second-chance.md). */
const HOPS_HEAD_BYTES = 8;
/** Of a list of hops at its longest: choices are five while the fields of the hash change, the first is the destination. */
const HOPS_MAX = 4;
const addressBytes = { 4: 4, 6: 16 } as const;

type Family = keyof typeof ipBytes;

/** Family of an address in text. */
export function familyOf(address: string): Family {
  return address.includes(':') ? 6 : 4;
}

/** The most that a node puts before a client's packet to a backend of this service; 0 for dr, nat and fullnat. */
export function encapsulationBytes(
  { method, gueHeader, secondChance }: Pick<ServiceConfig, 'method' | 'gueHeader' | 'secondChance'>,
  outer: Family,
): number {
  switch (method) {
    case 'ipip':
      return ipBytes[outer];
    case 'gre':
      return ipBytes[outer] + GRE_BYTES;
    case 'gue':
      if (secondChance !== undefined) {
        return ipBytes[outer] + UDP_BYTES + HOPS_HEAD_BYTES + HOPS_MAX * addressBytes[outer];
      }
      return ipBytes[outer] + UDP_BYTES + (gueHeader === 'none' ? 0 : GUE_BYTES);
    default:
      return 0;
  }
}
