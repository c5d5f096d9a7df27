import type { ServiceInput } from '@weir/control';
import { flagTrouble, isKnownScheduler, schedulerTrouble } from './carry-scheduler.js';
import { carryPersistence } from './carry-service.js';
import { refused } from './ipvsadm-error.js';
import type { ListenerInput, Lose } from './placed-service.js';
import { keyText, type VirtualService } from './virtual-service.js';

/** What Weir does otherwise than asked is refused here, where an import would tell of it and go on. */
export const refuse: Lose = (place, message) => refused(`${place}: ${message}`);

/**
 * What -A and -E say of a service.
 * @param listeners  of the service
 * @throws {IpvsadmError} IPVSADM_REFUSED
 */
export function schedulingKeys(
  service: VirtualService,
  listeners: readonly ListenerInput[],
): Pick<ServiceInput, 'scheduler' | 'persistence'> {
  const { key, scheduler, schedulerFlags, onePacket } = service;
  if (!isKnownScheduler(scheduler))
    refused(`Scheduler or persistence engine not found: ${schedulerTrouble(scheduler)}`);
  const flag = schedulerFlags.map(flagTrouble).find((message) => message !== undefined);
  if (flag !== undefined) refused(`-b ${flag}`);
  if (onePacket)
    refused('--ops: flows of UDP keep their backend; dataplane.timeouts.udp says how long one is remembered');
  const persistence = carryPersistence({ place: keyText(key), settings: service, listeners }, refuse);
  return { scheduler, ...(persistence === undefined ? {} : { persistence }) };
}
