import type { ServiceInput } from '@weir/control';
import type { Lose, PlacedServer, PlacedService } from './placed-service.js';
import type { Forward } from './virtual-service.js';

/** Of a service as weir.yaml has it. */
export interface ForwardKeys {
  readonly method: NonNullable<ServiceInput['method']>;
  readonly guePort?: number;
}

/** How packets travel to all backends of a service. */
export interface CarriedForward {
  readonly method: ForwardKeys['method'];
  readonly keys: ForwardKeys;
  /** Does the server get its packets in this way? */
  fits(placed: PlacedServer): boolean;
}

/** IANA's port of GUE, the default. */
const GUE_PORT = 6080;

/** IPVS says of each server how packets travel, Weir of the service: that of most servers is taken. */
export function carryForward({ place, servers }: PlacedService, lose: Lose): CarriedForward {
  const keys = mostFrequent(servers.map(({ server }) => forwardKeys(server.forward))) ?? { method: 'nat' };
  const text = forwardText(keys);
  for (const { place: at, server } of servers) {
    const own = forwardText(forwardKeys(server.forward));
    if (own !== text) {
      lose(
        at,
        `${server.address} is reached by ${own}, and most of the service by ${text}: left out; a service has one method`,
      );
    }
  }
  const sums = servers.flatMap(({ server: { forward } }) => (forward.kind === 'tunnel' ? [forward.checksum] : []));
  const sum = sums.find((one) => one !== 'nocsum');
  if (sum !== undefined)
    lose(place, `tun-${sum}: the packets within have their own checksums; the tunnel's is left out`);
  return { method: keys.method, keys, fits: ({ server }) => forwardText(forwardKeys(server.forward)) === text };
}

/** A way of IPVS as keys of a service. */
export function forwardKeys(forward: Forward): ForwardKeys {
  switch (forward.kind) {
    case 'masquerade':
      return { method: 'nat' };
    case 'route':
      return { method: 'dr' };
    case 'tunnel':
      return forward.port === undefined || forward.port === GUE_PORT
        ? { method: forward.type }
        : { method: forward.type, guePort: forward.port };
  }
}

export function forwardText({ method, guePort }: ForwardKeys): string {
  return guePort === undefined ? method : `${method} to port ${guePort}`;
}

function mostFrequent(ways: readonly ForwardKeys[]): ForwardKeys | undefined {
  const counts = new Map<string, number>();
  for (const way of ways) counts.set(forwardText(way), (counts.get(forwardText(way)) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return ways.find((way) => counts.get(forwardText(way)) === most);
}
