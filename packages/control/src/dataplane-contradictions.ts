import type { Contradiction, SoundParts } from './contradiction.js';

/** Sizes of `dataplane` that don't go together. */
export function dataplaneContradictions({ dataplane }: SoundParts): Contradiction[] {
  const { maxFlows, maxTranslatedFlows = 0 } = dataplane ?? { maxFlows: 0 };
  return maxTranslatedFlows <= maxFlows
    ? []
    : [
        {
          path: ['dataplane', 'maxTranslatedFlows'],
          message: `is more than dataplane.maxFlows, ${maxFlows}, among which they are; raise that too`,
        },
      ];
}
