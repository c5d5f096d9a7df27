import type { ServiceConfig } from '@weir/control';
import { isRecomputable } from '@weir/dataplane';
import { schedulingOf } from './forwarding-method.js';
import { translates } from './prepare-kernel.js';

/** Does each of its flows have to be remembered? Of the others the tables alone say where they go. */
export function remembersFlows(service: ServiceConfig): boolean {
  return translates(service) || service.persistence !== undefined || !isRecomputable(schedulingOf(service));
}
