import type { DropReason } from '../drop-reason.js';

/**
 * What becomes of a frame. `reason`: the packet itself was dropped and counted; with `transmit` an ICMP error goes out in
 * its place. Dropped without a reason: it was handed up, and comes back once somebody knows about its flow.
 */
export type Verdict =
  | { readonly action: 'pass' }
  | { readonly action: 'drop'; readonly reason?: DropReason }
  | { readonly action: 'transmit'; readonly ifindex: number; readonly frame: Uint8Array; readonly reason?: DropReason };
