import { NODES_MAX, type NodeConfig } from '@weir/control';
import type { TableLimits } from '@weir/dataplane';
import { CHOICE_ROWS, CHOICES_MAX } from '@weir/director';

/** Of backends: bpf/lib/tables.h keeps a bit of 16 for itself. */
const SLOTS_MAX = 32_767;

/** Room in the data plane's tables: two tables a service, one in force and one to prepare the next in. */
export function tableLimits({ dataplane }: NodeConfig): TableLimits {
  // The nodes stand in the tables as one more service with second chance, whose backends they are.
  const tablesOfChoices = dataplane.maxSecondChance + 1;
  return {
    services: dataplane.maxServices + 1,
    backends: Math.min(SLOTS_MAX, dataplane.maxBackends + NODES_MAX),
    rows: 2 * dataplane.maxServices * dataplane.tableRows + 2 * tablesOfChoices * CHOICE_ROWS * CHOICES_MAX,
    flows: dataplane.maxFlows,
    translatedFlows: dataplane.maxTranslatedFlows,
  };
}
