import type { HashField } from '@weir/director';

/**
 * How the backend of a new flow is picked from a service's rows. The names of IPVS' schedulers map to these:
 * mh, rendezvous: hash of the flow; sh: hash of the source; dh: hash of the destination; rr, wrr: next (wrr with a
 * backend in as many rows as its weight says); lc, wlc, sed, nq: least; lblc, lblcr: locality.
 *
 * | pick | rows are | choice |
 * |---|---|---|
 * | hash | a hash table of members | the row that the hash points at; where its backend takes no new flows, the next rows |
 * | next | a sequence of members | one row after the other, for all clients together |
 * | least | each member once | the first of those with the least cost; only members of a weight above 0 |
 * | locality | each member once | the backend that this destination had last, unless it is overloaded; then least |
 * | choices | 65,536 times the choices of a row, NO_CHOICE where there are fewer | the row of {@link ChoiceHash}: its choices in turn, with the packet |
 */
export type Scheduling =
  | { readonly pick: 'hash'; readonly of: 'flow' | 'source' | 'destination' }
  | { readonly pick: 'next' }
  | { readonly pick: 'least'; readonly cost: LeastCost }
  /** `replicas`: a destination may have several backends (lblcr). */
  | { readonly pick: 'locality'; readonly replicas: boolean }
  /** Second chance; goes with {@link ForwardingMethod} gue and header hops. No flow is remembered. */
  | { readonly pick: 'choices'; readonly choices: 2 | 3 | 4; readonly hash: ChoiceHash };

/** What finds a packet's row of choices: the low 16 bits of SipHash-2-4 of its fields. @see choiceRow */
export interface ChoiceHash {
  /** 16 bytes, equal on all nodes. */
  readonly key: Uint8Array;
  /** At least one. What is hashed: the fields in the order of `HashField`, whatever order they have here. */
  readonly fields: readonly HashField[];
  /** What found the row before: until connections of that time are over, the choices of that row are tried last. */
  readonly alternativeFields?: readonly HashField[];
}

/**
 * What is least, by active and inactive connections a, i and weight w. As in net/netfilter/ipvs of Linux:
 * lc: 256 a + i; wlc: (256 a + i) / w; sed: (a + 1) / w; nq: an idle backend first, else sed. Equal: the first row.
 */
export type LeastCost = 'lc' | 'wlc' | 'sed' | 'nq';

/** Can any node say again which backend a flow has, from the tables alone? */
export function isRecomputable(scheduling: Scheduling): boolean {
  return scheduling.pick === 'hash' || scheduling.pick === 'choices';
}
