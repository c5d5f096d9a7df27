import type { IngressInterface, SteeringRule } from './steering-rules.js';

/**
 * Priorities of the filters: nobody else's, so that those which a process left that was killed are found. Rules of one
 * generation are there before those of the other go.
 */
const FIRST_PREF = 17_700;
const STAGES = 4;
const FAMILIES = [4, 6] as const;
export type Generation = 0 | 1;

/** Those of one generation; within a kind of packet a lower one comes first. */
export function prefsOf(generation: Generation): readonly { readonly pref: number; readonly protocol: string }[] {
  return Array.from({ length: STAGES }, (_, stage) =>
    FAMILIES.map((family) => ({ pref: prefOf(generation, stage, family), protocol: protocols[family] })),
  ).flat();
}

/** A line for `tc -batch` that puts a rule at an interface. */
export function addLine(
  { stage, family, match, verdict }: SteeringRule,
  { name, mac }: IngressInterface,
  generation: Generation,
  device: string,
): string {
  // A switch floods what it does not know: of several nodes only one may forward the frame.
  const addressed = mac === undefined || verdict === 'leave' ? '' : ` match ether dst ${mac}`;
  const action = verdict === 'take' ? `action mirred egress redirect dev ${device}` : 'flowid 1:1';
  const pref = prefOf(generation, stage, family);
  return `filter add dev ${name} ingress protocol ${protocols[family]} pref ${pref} u32 ${match}${addressed} ${action}`;
}

const protocols = { 4: 'ip', 6: 'ipv6' } as const;

/** A priority holds filters of one protocol only. */
function prefOf(generation: Generation, stage: number, family: 4 | 6): number {
  return FIRST_PREF + (generation * STAGES + stage) * FAMILIES.length + (family === 4 ? 0 : 1);
}
