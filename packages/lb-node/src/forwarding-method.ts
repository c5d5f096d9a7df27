import type { ServiceConfig } from '@weir/control';
import type { ForwardingMethod, Scheduling } from '@weir/dataplane';

/** A service's method with what belongs to it. */
export function forwardingMethodOf({ method, guePort, gueHeader, toa, secondChance }: ServiceConfig): ForwardingMethod {
  if (secondChance !== undefined) return { method: 'gue', port: secondChance.port, header: 'hops' };
  if (method === 'gue') return { method, port: guePort, header: gueHeader };
  return method === 'fullnat' ? { method, toa } : { method };
}

/** How the data plane picks from the rows, by the names of IPVS' schedulers. */
const schedulings: Readonly<Record<ServiceConfig['scheduler'], Scheduling>> = {
  mh: { pick: 'hash', of: 'flow' },
  rendezvous: { pick: 'hash', of: 'flow' },
  sh: { pick: 'hash', of: 'source' },
  dh: { pick: 'hash', of: 'destination' },
  rr: { pick: 'next' },
  wrr: { pick: 'next' },
  lc: { pick: 'least', cost: 'lc' },
  wlc: { pick: 'least', cost: 'wlc' },
  sed: { pick: 'least', cost: 'sed' },
  nq: { pick: 'least', cost: 'nq' },
  lblc: { pick: 'locality', replicas: false },
  lblcr: { pick: 'locality', replicas: true },
};

/** A service's scheduler as the data plane knows it; its rows are {@link serviceRows}. */
export function schedulingOf({ scheduler, secondChance }: ServiceConfig): Scheduling {
  if (secondChance === undefined) return schedulings[scheduler];
  const { choices, hashKey, hashFields: fields, alternativeHashFields } = secondChance;
  return {
    pick: 'choices',
    choices,
    hash: {
      key: Buffer.from(hashKey, 'hex'),
      fields,
      ...(alternativeHashFields === undefined ? {} : { alternativeFields: alternativeHashFields }),
    },
  };
}
