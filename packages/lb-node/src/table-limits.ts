import type { NodeConfig } from '@weir/control';
import type { TableLimits } from '@weir/dataplane';
import { CHOICE_ROWS, CHOICES_MAX } from '@weir/director';

/** Room in the data plane's tables: two tables a service, one in force and one to prepare the next in. */
export function tableLimits({ dataplane }: NodeConfig): TableLimits {
  return {
    services: dataplane.maxServices,
    backends: dataplane.maxBackends,
    rows: 2 * dataplane.maxServices * dataplane.tableRows + 2 * dataplane.maxSecondChance * CHOICE_ROWS * CHOICES_MAX,
    flows: dataplane.maxFlows,
  };
}
