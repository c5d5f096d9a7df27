import type { IpPacket } from './parse-frame.js';

/** A packet, where it came from and when. */
export interface Arrival {
  readonly packet: IpPacket;
  readonly ingressIfindex: number;
  readonly nowTicks: number;
}

/** The node is a router: with one hop less there would be none left. */
export function isOnLastHop({ packet: { ttl } }: Arrival): boolean {
  return ttl <= 1;
}
