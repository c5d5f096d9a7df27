/**
 * What flows are dated in, in ms: a whole second, as IPVS counts. A packet reads no clock; and a flow that is busy is
 * written once a second, not with each packet.
 */
export const TICK_MS = 1000;

/** For so long after an answer that nobody knows, others of its flow are not asked about: docs/packet-path.md, section 8. */
export const STRANGER_TICKS = 2;
