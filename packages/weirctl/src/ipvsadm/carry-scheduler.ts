import type { ServiceInput } from '@weir/control';
import type { Lose } from './placed-service.js';
import type { VirtualService } from './virtual-service.js';

type Scheduler = NonNullable<ServiceInput['scheduler']>;

/** Schedulers of IPVS that Weir has, under the same names. */
const schedulers: ReadonlySet<string> = new Set<Scheduler>([
  ...(['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'sed', 'nq', 'mh'] as const),
]);

/** What comes nearest to those that Weir has not. */
const instead: Readonly<Record<string, string>> = {
  fo: 'fo, one server until it fails, is a service with that backend and a fallback',
  ovf: 'ovf, one server until it is full, is a service with maxConnections and a fallback',
  twos: 'twos, the better of two at random, is near to wlc',
};

/** Is it one of IPVS that Weir has too? */
export function isKnownScheduler(name: string): name is Scheduler {
  return schedulers.has(name);
}

/** Why a scheduler can't be had, and what can. */
export function schedulerTrouble(name: string): string {
  const hint = instead[name];
  return `scheduler ${name} is none of ${[...schedulers].join(' ')}${hint === undefined ? '' : `; ${hint}`}`;
}

/** @returns undefined: there is none like it */
export function carryScheduler(
  { scheduler, schedulerFlags }: Omit<VirtualService, 'key'>,
  place: string,
  lose: Lose,
): Scheduler | undefined {
  for (const flag of schedulerFlags) {
    const message = flagTrouble(flag);
    if (message !== undefined) lose(place, message);
  }
  if (!isKnownScheduler(scheduler)) {
    lose(place, `${schedulerTrouble(scheduler)}: no service`);
    return undefined;
  }
  if (scheduler === 'mh' && !schedulerFlags.includes('mh-port')) {
    lose(place, 'mh without mh-port: Weir hashes ports too; use sh where flows of a client have to stay together');
  }
  return scheduler;
}

/** What a flag asks for that Weir does otherwise; undefined: nothing. */
export function flagTrouble(flag: string): string | undefined {
  switch (flag) {
    case 'sh-port':
      return 'sh-port: sh hashes the source address alone; mh hashes ports too';
    case 'mh-port':
    // An unhealthy backend is in no row of a table.
    case 'sh-fallback':
    case 'mh-fallback':
      return undefined;
    default:
      return `${flag}: schedulers have no such flag`;
  }
}
