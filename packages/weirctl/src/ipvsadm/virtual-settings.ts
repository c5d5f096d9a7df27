import type { ServiceInput } from '@weir/control';
import { wholeSeconds } from './duration-text.js';
import type { Persistence, VirtualService } from './virtual-service.js';

/**
 * A service without its real servers, as ipvsadm says it.
 * @param ofIpv6  the family of the listener that is looked at
 */
export function virtualSettings(
  { scheduler, secondChance, persistence }: ServiceInput,
  ofIpv6: boolean,
): Omit<VirtualService, 'key'> {
  return {
    scheduler: scheduler ?? (secondChance === undefined ? 'mh' : 'rendezvous'),
    schedulerFlags: [],
    onePacket: false,
    ...(persistence === undefined ? {} : { persistence: persistenceOf(persistence, ofIpv6) }),
  };
}

function persistenceOf(
  { timeout = '5m', netmask, netmask6 }: NonNullable<ServiceInput['persistence']>,
  ofIpv6: boolean,
): Persistence {
  return { timeoutSeconds: wholeSeconds(timeout), prefixBits: ofIpv6 ? (netmask6 ?? 128) : (netmask ?? 32) };
}
