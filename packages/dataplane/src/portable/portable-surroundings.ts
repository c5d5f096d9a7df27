import type { NextHop } from './next-hop.js';

/** What the engine asks of the machine that it runs on. */
export interface PortableSurroundings {
  /** Addresses of 6 bytes that frames have to carry; none: any will do. */
  readonly ownMacs: readonly Uint8Array[];
  resolve(address: Uint8Array, ingressIfindex: number): NextHop | 'no_route' | 'no_neighbour';
  /** May one more ICMP error be sent now? Asked once for each. */
  mayComplain(nowTicks: number): boolean;
  /** May one more packet of an unknown flow be handed up now, of so many a second? Asked once for each. */
  mayHandUp(perSecond: number): boolean;
  /** What the two before would say, without being asked. */
  hasComplaintsLeft(nowTicks: number): boolean;
  hasHandUpsLeft(): boolean;
}
