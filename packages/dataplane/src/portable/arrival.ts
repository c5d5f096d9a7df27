import type { IpPacket } from './parse-frame.js';
import type { Backend } from './service.js';

/** A packet, where it came from and when. */
export interface Arrival {
  readonly packet: IpPacket;
  readonly ingressIfindex: number;
  readonly nowTicks: number;
  /** It came from another node: nodes that it may still be handed over to. */
  readonly handedOver?: readonly Backend[] | undefined;
  /** It was handed up: what is not known of its flow by now, neither other nodes nor user space know. */
  readonly isSettled?: boolean;
}

/** The node is a router: with one hop less there would be none left. */
export function isOnLastHop({ packet: { ttl } }: Arrival): boolean {
  return ttl <= 1;
}
