import type { ServiceInput } from '@weir/control';
import type { ListenerDocument } from '../glb-listeners.js';
import { carryForward } from './carry-forward.js';
import { carryScheduler } from './carry-scheduler.js';
import { durationText } from './duration-text.js';
import type { BackendInput, CheckInput, ListenerInput, Lose, PlacedServer, PlacedService } from './placed-service.js';
import { shareChecks } from './share-checks.js';
import type { RealServer } from './virtual-service.js';

const WEIGHT_MAX = 65_535;
/** 168h, the longest that weir.yaml takes. */
const PERSISTENCE_MAX_SECONDS = 7 * 24 * 3600;

/**
 * A virtual service as an entry of weir.yaml's `services`.
 * @param vips  of all services: they are no addresses of backends
 * @returns undefined: nothing is left of it
 */
export function carryService(service: PlacedService, vips: ReadonlySet<string>, lose: Lose): ServiceInput | undefined {
  const { place, name, listeners, settings } = service;
  const scheduler = carryScheduler(settings, place, lose);
  const forward = carryForward(service, lose);
  const usable = (placed: PlacedServer) => isUsable(placed, listeners, forward.method, vips, lose);
  const backends = distinct(
    service.servers.filter((placed) => forward.fits(placed) && usable(placed)),
    lose,
  );
  if (scheduler === undefined || listeners.length === 0) return undefined;
  if (backends.length === 0) {
    lose(place, 'has no real server that could be carried over, and a service needs one: no service');
    return undefined;
  }
  if (settings.onePacket) {
    lose(place, 'ops: flows of UDP keep their backend; dataplane.timeouts.udp says how long one is remembered');
  }
  const fallback = service.fallback !== undefined && usable(service.fallback) ? service.fallback : undefined;
  const persistence = carryPersistence(service, lose);
  return {
    name,
    ...listenerKeys(listeners),
    ...forward.keys,
    scheduler,
    ...(persistence === undefined ? {} : { persistence }),
    ...backendKeys(backends, listeners, forward.method, lose),
    ...(fallback === undefined ? {} : { fallback: addressKeys(fallback.server, listeners, forward.method) }),
  };
}

/** Names a service after where packets come in: `tcp-198.51.100.1-443`. */
export function serviceName({ protocol, vip, port }: ListenerDocument | ListenerInput): string {
  return `${protocol ?? 'tcp'}-${vip}-${port}`;
}

function backendKeys(
  placed: readonly PlacedServer[],
  listeners: readonly ListenerInput[],
  method: string,
  lose: Lose,
): Partial<ServiceInput> {
  const backends = placed.map((one) => carryServer(one, listeners, method, lose));
  const checks = placed.map(({ check }, at) => withoutUsualPort(check, backends[at]?.port ?? listeners[0]?.port));
  const { shared, own } = shareChecks(checks);
  return {
    ...(shared === undefined ? {} : { healthCheck: shared }),
    backends: backends.map((backend, at) => {
      const healthCheck = own[at];
      return { ...backend, ...(healthCheck === undefined ? {} : { healthCheck }) };
    }),
  };
}

/** Probes go to the backend's port, or else to that of the first listener, by themselves. */
function withoutUsualPort(check: CheckInput | undefined, usual: number | string | undefined): CheckInput | undefined {
  if (check?.port !== usual) return check;
  const { port: _port, ...others } = check as CheckInput;
  return others as CheckInput;
}

/** One stands in the service itself. */
export function listenerKeys(listeners: readonly ListenerInput[]): Partial<ServiceInput> {
  const [only, ...more] = listeners;
  return more.length === 0 && only !== undefined ? only : { listeners: [...listeners] };
}

/** How long clients stay with their backend, and which addresses are one client. */
export function carryPersistence(
  { place, settings, listeners }: Pick<PlacedService, 'place' | 'settings' | 'listeners'>,
  lose: Lose,
): ServiceInput['persistence'] {
  const { persistence, persistenceEngine } = settings;
  if (persistenceEngine !== undefined) {
    lose(place, `persistence engine ${persistenceEngine}: clients are told apart by their addresses alone`);
  }
  if (persistence === undefined) return undefined;
  const { timeoutSeconds, prefixBits } = persistence;
  if (timeoutSeconds > PERSISTENCE_MAX_SECONDS) {
    lose(place, `persistence of ${timeoutSeconds} s: 168h are the most, and taken`);
  }
  if (prefixBits === undefined)
    lose(place, 'a netmask that is no prefix: clients are told apart by their whole addresses');
  const ofIpv6 = listeners.some(({ vip }) => vip.includes(':'));
  const whole = ofIpv6 ? 128 : 32;
  return {
    timeout: durationText(Math.min(timeoutSeconds, PERSISTENCE_MAX_SECONDS)),
    ...(prefixBits === undefined || prefixBits === whole ? {} : { [ofIpv6 ? 'netmask6' : 'netmask']: prefixBits }),
  };
}

function isUsable(
  { place, server }: PlacedServer,
  listeners: readonly ListenerInput[],
  method: string,
  vips: ReadonlySet<string>,
  lose: Lose,
): boolean {
  const { address } = server;
  if (vips.has(address)) {
    lose(place, `${address} is a VIP too: left out; a backend has an address of its own, on another machine`);
    return false;
  }
  const other = listeners.find(({ vip }) => vip.includes(':') !== address.includes(':'));
  if (other !== undefined && (method === 'nat' || method === 'dr')) {
    lose(place, `${address} is not of the family of ${other.vip}: left out; methods ipip, gre and gue cross families`);
    return false;
  }
  return true;
}

/** The first of those that have the same address and port. */
function distinct(servers: readonly PlacedServer[], lose: Lose): PlacedServer[] {
  const seen = new Set<string>();
  return servers.filter(({ place, server: { address, port } }) => {
    const key = `${address} ${port}`;
    if (seen.has(key)) lose(place, `${address} port ${port} is there already: left out`);
    return !seen.has(key) && seen.add(key);
  });
}

/** A real server as an entry of `backends`. */
export function carryServer(
  { place, server }: PlacedServer,
  listeners: readonly ListenerInput[],
  method: string,
  lose: Lose,
): BackendInput {
  const { weight, upperThreshold, lowerThreshold } = server;
  if (weight > WEIGHT_MAX)
    lose(place, `weight ${weight}: ${WEIGHT_MAX} is the most, and taken; divide the weights of all`);
  const isLowerFine = lowerThreshold > 0 && lowerThreshold < upperThreshold;
  if (lowerThreshold > 0 && !isLowerFine) {
    lose(place, `lower threshold ${lowerThreshold} is not below an upper one: three quarters of maxConnections count`);
  }
  return {
    ...addressKeys(server, listeners, method),
    ...(weight === 1 ? {} : { weight: Math.min(weight, WEIGHT_MAX) }),
    ...(upperThreshold === 0 ? {} : { maxConnections: upperThreshold }),
    ...(isLowerFine ? { minConnections: lowerThreshold } : {}),
  };
}

/** The port is left out where it is the packet's anyway. */
function addressKeys({ address, port }: RealServer, listeners: readonly ListenerInput[], method: string) {
  const isPackets = port === 0 || method !== 'nat' || listeners.every((listener) => listener.port === port);
  return { address, ...(isPackets || listeners.some(({ protocol }) => protocol === 'sctp') ? {} : { port }) };
}
