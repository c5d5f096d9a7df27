import type { ChoiceMember, MemberState } from './choice-member.js';

/** Addresses, protocol and ports that a table is for. */
export interface GlbBind {
  /** IPv4 or IPv6, canonical text. */
  readonly address: string;
  /** Of the network; 32 or 128 for one address. */
  readonly prefixBits: number;
  readonly protocol: 'tcp' | 'udp';
  /** Both are of the range. */
  readonly firstPort: number;
  readonly lastPort: number;
}

export interface GlbBackend {
  /** IPv4 or IPv6, canonical text. */
  readonly address: string;
  readonly state: MemberState;
  readonly healthy: boolean;
}

/** One of GLB's tables, as its forwarding_table.json describes it. */
export interface GlbTable {
  readonly name?: string;
  /** 16 bytes, by which packets are hashed to rows. */
  readonly hashKey: Uint8Array;
  /** 16 bytes, by which members are ranked in rows. */
  readonly seed: Uint8Array;
  readonly binds: readonly GlbBind[];
  readonly backends: readonly GlbBackend[];
}

/** The backends as members of a choice table, called as their addresses. */
export function membersOfGlb({ backends }: Pick<GlbTable, 'backends'>): ChoiceMember[] {
  return backends.map((backend) => ({ id: backend.address, ...backend }));
}
