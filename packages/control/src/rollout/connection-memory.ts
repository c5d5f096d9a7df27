import { isRecomputable, schedulerOf, translatesAddresses } from '../forwarding-needs.js';
import { namelessServiceSchema, type ServiceDocument } from '../service-schema.js';
import { mappingOf } from './rollout-view.js';

/**
 * Why connections break when a backend leaves a service, as the end of a sentence about the service: its scheduler computes
 * anew where each packet goes, and nothing keeps old connections where they were.
 * @param text  of `services/NAME`; undefined: there is none
 */
export function brokenConnections(text: string | undefined): string | undefined {
  const service = serviceOf(text);
  if (service === undefined) return 'is not in etcd, so whether its connections are remembered is not known';
  const { secondChance, pinning, persistence, method } = service;
  const keeps = secondChance !== undefined || pinning !== 'off' || persistence !== undefined;
  const scheduler = schedulerOf(service);
  if (keeps || translatesAddresses(method) || !isRecomputable(scheduler)) return undefined;
  return `has the scheduler ${scheduler}, with which nobody remembers connections: those to backends that leave would break`;
}

/** How long after a change of backends nodes may not yet know all connections to them: rows that move learn them first. */
export function learnMsOf(text: string | undefined): number {
  const pinning = serviceOf(text)?.pinning ?? 'off';
  return pinning === 'off' ? 0 : pinning.learn;
}

function serviceOf(text: string | undefined): Omit<ServiceDocument, 'name'> | undefined {
  return text === undefined ? undefined : namelessServiceSchema.safeParse(mappingOf(text)).data;
}
