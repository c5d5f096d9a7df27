import type { Chance } from '../chance.js';

/**
 * How long flows live: log-normal, through the two points that measured streams of the Internet are summed up by: 45 % last
 * less than 2 s, 98 % less than 15 minutes, and some last for hours to days. Half of them are over after 2.8 s; the mean is
 * 145 s.
 *
 * @see Brownlee and Claffy, "Understanding Internet Traffic Streams: Dragonflies and Tortoises", IEEE Communications 40(10),
 *   2002; the 98 % from the same authors' slides of November 14th, 2002
 */
const DRAGONFLIES = { share: 0.45, zScore: -0.125_661, belowMs: 2000 };
const TORTOISES = { share: 0.98, zScore: 2.053_749, belowMs: 900_000 };

const sigma = Math.log(TORTOISES.belowMs / DRAGONFLIES.belowMs) / (TORTOISES.zScore - DRAGONFLIES.zScore);
const mu = Math.log(DRAGONFLIES.belowMs) - DRAGONFLIES.zScore * sigma;

/** Mean of {@link newFlowDurationMs}. */
export const MEAN_DURATION_MS = Math.exp(mu + sigma ** 2 / 2);

/** Of a flow that begins. */
export function newFlowDurationMs(chance: Chance): number {
  return Math.exp(mu + sigma * chance.normal());
}

/**
 * Of a flow that is met while it lives, its whole duration: long ones are met more often, in proportion to how long they are.
 * That, too, is log-normal, with a larger mean of the logarithm.
 */
export function livingFlowDurationMs(chance: Chance): number {
  return Math.exp(mu + sigma ** 2 + sigma * chance.normal());
}

const SHORTEST_GAP_MS = 100;
const LONGEST_GAP_MS = 300_000;

/**
 * Between two packets of a flow: as likely within any factor of two from 0.1 s to 5 minutes, no longer than the flow. It is an
 * assumption: downloads send all the time, people type every few seconds, idle connections send a keepalive now and then.
 */
export function packetGapMs(chance: Chance, durationMs: number): number {
  const gapMs = SHORTEST_GAP_MS * (LONGEST_GAP_MS / SHORTEST_GAP_MS) ** chance.uniform();
  return Math.max(1, Math.min(gapMs, durationMs));
}
