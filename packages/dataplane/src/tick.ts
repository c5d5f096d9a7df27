/**
 * What flows are dated in, in ms: a whole second, as IPVS counts. A packet reads no clock; and a flow that is busy is
 * written once a second, not with each packet.
 */
export const TICK_MS = 1000;
