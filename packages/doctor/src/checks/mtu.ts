import type { Check } from '../check.js';
import { encapsulationBytes, familyOf } from '../encapsulation-bytes.js';
import type { Finding } from '../finding.js';
import type { Host } from '../host.js';
import { HostError } from '../host-error.js';
import { linkOf } from '../interfaces.js';
import { jsonAnswer } from '../json-answer.js';
import type { NodeSubject } from '../subject.js';

/** What clients send at most, unless a smaller MSS is told them: the MTU of Ethernet. */
const CLIENT_BYTES = 1500;
/** What every network carries (RFC 8200 section 5), and QUIC needs almost (RFC 9000 section 14: 1200 bytes of UDP). */
const LEAST_BYTES = 1280;
/** So many ways to backends are looked at; those of one service seldom differ. */
const WAYS_MAX = 64;

/** Do packets fit the way to the backends once they are encapsulated? */
export const mtu: Check = {
  name: 'mtu',
  looksAt: 'the MTU of the ways to backends against what the encapsulation of their services puts before each packet',
  symptom:
    'connections open and then hang with the first large packet; the counter `too_big` grows; its log has `mtu_too_small` where even packets of 1280 bytes do not fit, and lb-node ends with 69 (MTU_TOO_SMALL) where they fit no way at all',
  cure: 'raise the MTU of the interface, of the switches between and of the backends: `ip link set dev eth0 mtu 1600`. Where that can not be, real-server\'s smaller MSS and the node\'s "fragmentation needed" keep TCP going (a warning, no fault)',
  roles: ['node'],
  async examine(subject, host) {
    if (subject.role !== 'node') return [];
    const looked = await lookAtWays(subject, host);
    if (looked.length === 0) {
      return [{ verdict: 'skipped', found: 'no service encapsulates, or none has a backend yet' }];
    }
    return oncePerInterface(looked);
  },
};

/** What the start of a node goes by: one narrow way must not take the VIPs of all others with it. */
export interface Widths {
  /** As the check has them. */
  readonly findings: readonly Finding[];
  /** Nothing that the node would forward fits: each way is too narrow, and no service goes without encapsulation. */
  readonly fitNowhere: boolean;
}

/** Looks at the ways to the backends of a node. @throws {HostError} the host can't be asked */
export async function widthsOf(subject: NodeSubject, host: Host): Promise<Widths> {
  const looked = await lookAtWays(subject, host);
  const isWithout = subject.services.some(
    (service) => service.backends.length > 0 && encapsulationBytes(service, 4) === 0,
  );
  return {
    findings: oncePerInterface(looked),
    fitNowhere: looked.length > 0 && !isWithout && looked.every(({ finding }) => finding.verdict === 'fault'),
  };
}

async function lookAtWays(subject: NodeSubject, host: Host): Promise<readonly Looked[]> {
  return await Promise.all(waysOf(subject).map((way) => wayFinding(way, host)));
}

/** The way to a backend, and what is put before packets on it. */
interface Way {
  readonly service: string;
  readonly backend: string;
  readonly extraBytes: number;
}

interface RouteAnswer {
  readonly dev?: string;
  readonly metrics?: readonly { readonly mtu?: number }[];
  /** Seconds. The answer is an entry of the cache: somebody told a smaller path MTU, for ten minutes, and it may be wrong. */
  readonly expires?: number;
}

/** One to each backend, with the largest of what services put before its packets. */
function waysOf({ services }: Pick<NodeSubject, 'services'>): readonly Way[] {
  const ways = new Map<string, Way>();
  for (const service of services) {
    for (const { address } of service.backends) {
      const extraBytes = encapsulationBytes(service, familyOf(address));
      if (extraBytes <= (ways.get(address)?.extraBytes ?? 0)) continue;
      ways.set(address, { service: service.name, backend: address, extraBytes });
    }
  }
  return [...ways.values()].slice(0, WAYS_MAX);
}

interface Looked {
  readonly name: string;
  readonly extraBytes: number;
  readonly finding: Finding;
}

async function wayFinding(way: Way, host: Host): Promise<Looked> {
  const { backend, extraBytes } = way;
  const route = await routeTo(backend, host);
  if (route?.dev === undefined) {
    return {
      name: backend,
      extraBytes,
      finding: { verdict: 'skipped', about: backend, found: 'no route leads there' },
    };
  }
  const link = await linkOf(host, route.dev);
  const isLearned = route.expires !== undefined;
  const onRoute = isLearned ? undefined : route.metrics?.find((metrics) => metrics.mtu !== undefined)?.mtu;
  const mtuBytes = Math.min(link?.mtu ?? CLIENT_BYTES, onRoute ?? Number.POSITIVE_INFINITY);
  const isOfRoute = onRoute !== undefined && onRoute < (link?.mtu ?? CLIENT_BYTES);
  const finding = mtuFinding({ ...way, interface: route.dev, mtuBytes, isOfRoute });
  return { name: `${route.dev} ${mtuBytes}`, extraBytes, finding };
}

async function routeTo(backend: string, host: Host): Promise<RouteAnswer | undefined> {
  try {
    const [route] = await jsonAnswer<readonly RouteAnswer[]>(host, 'ip', ['-json', 'route', 'get', backend]);
    return route;
  } catch (error) {
    if (error instanceof HostError && error.code === 'HOST_COMMAND_FAILED') return undefined;
    throw error;
  }
}

/** How wide a way is. */
interface WidthOfWay extends Way {
  readonly interface: string;
  readonly mtuBytes: number;
  /** The route is narrower than its interface. */
  readonly isOfRoute: boolean;
}

/** What is to be said of a way of this width. */
export function mtuFinding({
  service,
  backend,
  extraBytes,
  interface: name,
  mtuBytes,
  isOfRoute,
}: WidthOfWay): Finding {
  const about = name;
  const leftBytes = mtuBytes - extraBytes;
  const found = `MTU ${mtuBytes} towards ${backend}; service ${service} puts ${extraBytes} bytes before packets, ${leftBytes} are left`;
  if (leftBytes >= CLIENT_BYTES) return { verdict: 'ok', about, found };
  const wantedBytes = CLIENT_BYTES + extraBytes;
  return {
    verdict: leftBytes < LEAST_BYTES ? 'fault' : 'warning',
    about,
    found,
    wanted: `an MTU of ${wantedBytes}, for clients' packets of ${CLIENT_BYTES} bytes`,
    cure: isOfRoute
      ? `the route to ${backend} is narrower than its interface: raise its mtu ("ip route show ${backend}")`
      : 'raise the MTU here, on the switches between and on the backends; or let real-server tell clients a smaller MSS, or set mssClamp of the service',
    ...(isOfRoute ? {} : { commands: [`ip link set dev ${name} mtu ${wantedBytes}`] }),
  };
}

/** A line for each interface and width: that of the largest encapsulation. */
function oncePerInterface(all: readonly Looked[]): readonly Finding[] {
  const worst = new Map<string, Looked>();
  for (const looked of all) {
    if (looked.extraBytes > (worst.get(looked.name)?.extraBytes ?? -1)) worst.set(looked.name, looked);
  }
  return [...worst.values()].map(({ finding }) => finding);
}
