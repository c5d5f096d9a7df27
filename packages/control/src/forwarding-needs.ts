import type { ServiceDocument } from './service-schema.js';

type Method = ServiceDocument['method'];
type Scheduler = NonNullable<ServiceDocument['scheduler']>;

/** Methods that rewrite addresses, and so may rewrite ports too. */
export function translatesAddresses(method: Method): boolean {
  return method === 'nat' || method === 'fullnat';
}

/** Methods whose backends may be of another family than the VIP. */
export function crossesFamilies(method: Method): boolean {
  return method === 'ipip' || method === 'gre' || method === 'gue';
}

export function schedulerOf({
  scheduler,
  secondChance,
}: Pick<ServiceDocument, 'scheduler' | 'secondChance'>): Scheduler {
  return scheduler ?? (secondChance === undefined ? 'mh' : 'rendezvous');
}

/** Schedulers whose choice any node can compute again, from the table and the packet. */
export function isRecomputable(scheduler: Scheduler): boolean {
  return ['mh', 'rendezvous', 'sh', 'dh'].includes(scheduler);
}

/** Schedulers for which a backend has a weight, or has none. */
export function looksAtWeights(scheduler: Scheduler): boolean {
  return scheduler !== 'rr' && scheduler !== 'lc';
}

/** Schedulers that compare all backends for each new flow. */
export function comparesAll(scheduler: Scheduler): boolean {
  return ['lc', 'wlc', 'sed', 'nq', 'lblc', 'lblcr'].includes(scheduler);
}
