import type { HashField } from '@weir/director';
import type { ForwardingService } from '../dataplane.js';
import { translatesAddresses } from '../forwarding-method.js';
import { isRecomputable, type Scheduling } from '../scheduling.js';
import { TICK_MS } from '../tick.js';
import { Cost, HASH_ALTERNATIVE_SHIFT, HashFieldBit, Pick, Service, ServiceFlag } from './layout.js';

/** From `pick` to the end of `persistence`. */
export const SERVICE_WORD_BYTES = 12;

/** How a service chooses and what it does to SYNs: the bytes of `struct service` from `pick` to `persistence`. */
export function encodeServiceWord(service: ForwardingService, isOwners = false): Uint8Array {
  const word = new Uint8Array(SERVICE_WORD_BYTES);
  const view = new DataView(word.buffer);
  const at = (offset: number) => offset - Service.pick;
  const { scheduling, persistence } = service;
  view.setUint8(at(Service.pick), pickCode(scheduling));
  if (scheduling.pick === 'least') view.setUint8(at(Service.cost), Cost[scheduling.cost]);
  view.setUint8(at(Service.flags), flagsOf(service) | (isOwners ? ServiceFlag.owners : 0));
  view.setUint8(at(Service.prefix4), persistence?.prefix4 ?? 0);
  view.setUint8(at(Service.prefix6), persistence?.prefix6 ?? 0);
  if (scheduling.pick === 'choices') {
    const { fields, alternativeFields = [] } = scheduling.hash;
    view.setUint8(at(Service.hashFields), fieldBits(fields) | (fieldBits(alternativeFields) << HASH_ALTERNATIVE_SHIFT));
  }
  view.setUint16(at(Service.mssClamp), service.mssClamp ?? 0, true);
  view.setUint32(at(Service.persistence), Math.ceil((persistence?.timeoutMs ?? 0) / TICK_MS), true);
  return word;
}

function fieldBits(fields: readonly HashField[]): number {
  return fields.reduce((bits, field) => bits | HashFieldBit[field], 0);
}

function pickCode(scheduling: Scheduling): number {
  // Its table says that it is one of choices.
  if (scheduling.pick === 'choices') return Pick.hashFlow;
  if (scheduling.pick !== 'hash') return Pick[scheduling.pick];
  return { flow: Pick.hashFlow, source: Pick.hashSource, destination: Pick.hashDestination }[scheduling.of];
}

function flagsOf({ forwarding, scheduling, persistence, watched = false }: ForwardingService): number {
  const translates = translatesAddresses(forwarding);
  const remembers = translates || !isRecomputable(scheduling) || persistence !== undefined;
  const hasReplicas = scheduling.pick === 'locality' && scheduling.replicas;
  return (
    (remembers ? ServiceFlag.remembers : 0) |
    (translates ? ServiceFlag.translates : 0) |
    (hasReplicas ? ServiceFlag.replicas : 0) |
    (watched ? ServiceFlag.watched : 0)
  );
}
