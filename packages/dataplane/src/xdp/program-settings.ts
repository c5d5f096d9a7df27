import type { BpfObject } from '../libbpf/bpf-object.js';
import { Settings } from './layout.js';
import type { TableSizes } from './table-sizes.js';

/** The timer, ten times a second, looks through the whole flow table in so many steps, or fewer. */
const SWEEP_STEPS = 100;
/** A slice takes a few ten µs; smaller ones would only be more. */
export const SWEEP_SETS_MIN = 1024;

/** What is fixed when a program is loaded: struct settings of bpf/lib/settings.h. */
export function writeSettings(
  object: BpfObject,
  sizes: TableSizes,
  { nexthopCache = true }: { readonly nexthopCache?: boolean },
): void {
  const constants = object.constants();
  const sets = sizes.nearSets + sizes.flowSets;
  const values: readonly (readonly [offset: number, value: number])[] = [
    [Settings.cpus, sizes.cpus],
    [Settings.directoryMask, sizes.directoryBuckets - 1],
    [Settings.nexthopCache, nexthopCache ? 1 : 0],
    [Settings.flowMask, sizes.flowSets - 1],
    [Settings.translationMask, sizes.translationSets - 1],
    [Settings.sourceMask, sizes.sourceSets - 1],
    [Settings.nearSets, sizes.nearSets],
    [Settings.sweepSets, Math.max(SWEEP_SETS_MIN, Math.ceil(sets / SWEEP_STEPS))],
  ];
  for (const [offset, value] of values) constants.setUint32(offset, value, true);
}
