import fc from 'fast-check';
import type {
  ForwardingBackend,
  ForwardingService,
  ForwardingTables,
  Guard,
  Persistence,
  PortRange,
  ServiceKey,
  TransportProtocol,
} from '../dataplane.js';
import type { Sharing } from '../flow-sharing.js';
import { type ForwardingMethod, translatesAddresses } from '../forwarding-method.js';
import { isRecomputable, type Scheduling } from '../scheduling.js';
import { TICK_MS } from '../tick.js';
import { arbitraryOwners } from './handover.js';
import { backends, local, localOfOthers, seed, vips } from './lab-addresses.js';
import { arbitrarySecondChance, rowsOfChoices, type SecondChance } from './second-chance.js';
import { seldom } from './seldom.js';

type Family = 4 | 6;

const ports: readonly (number | PortRange)[] = [
  80,
  443,
  53,
  0,
  { first: 8000, last: 8005 },
  { first: 8010, last: 8080 },
];
const protocols: readonly TransportProtocol[] = ['tcp', 'udp', 'sctp', 'esp', 'ah'];
const KEPT_ROWS_MAX = 8;
const ROWS_MAX = 40;

const methods: readonly ForwardingMethod[] = [
  { method: 'nat' },
  { method: 'fullnat', toa: true },
  { method: 'fullnat', toa: false },
  { method: 'dr' },
  { method: 'ipip' },
  { method: 'gre' },
  { method: 'gue', port: 6080, header: 'gue' },
  { method: 'gue', port: 5555, header: 'none' },
];

const schedulings: readonly Scheduling[] = [
  { pick: 'hash', of: 'flow' },
  { pick: 'hash', of: 'source' },
  { pick: 'hash', of: 'destination' },
  { pick: 'next' },
  { pick: 'least', cost: 'lc' },
  { pick: 'least', cost: 'wlc' },
  { pick: 'least', cost: 'sed' },
  { pick: 'least', cost: 'nq' },
  { pick: 'locality', replicas: false },
  { pick: 'locality', replicas: true },
];

/** Tables that a data plane accepts, over the addresses of the lab. */
export function arbitraryTables(): fc.Arbitrary<ForwardingTables> {
  return fc
    .record({
      keys: fc.uniqueArray(fc.tuple(arbitraryKey(), fc.nat(2)), {
        minLength: 1,
        maxLength: 6,
        selector: ([key]) => JSON.stringify(key),
      }),
      shapes: fc.array(arbitraryShape(), { minLength: 3, maxLength: 3 }),
      guard: seldom(4, arbitraryGuard()),
      timeouts: fc.constantFrom(1, 3, 30),
      owners: seldom(3, arbitraryOwners()),
      sharing: fc.oneof({ weight: 3, arbitrary: arbitrarySharing() }, { weight: 1, arbitrary: fc.constant(undefined) }),
      localPorts: seldom(
        3,
        fc.constantFrom({ first: 1024, last: 1025 }, { first: 2000, last: 2040 }, { first: 60_000, last: 65_535 }),
      ),
    })
    .map(({ keys, shapes, guard, timeouts, owners, sharing, localPorts }) => ({
      services: shapes.flatMap((shape, i) => {
        const listeners = keys.flatMap(([key, service]) => (service === i ? [key] : []));
        return listeners.length === 0 ? [] : [serviceOf(listeners, shape)];
      }),
      sources: { ipv4: local[4][0], ipv6: local[6][0] },
      localAddresses: [...local[4], ...local[6]],
      hashSeed: seed,
      timeouts: timeoutsOf(timeouts),
      ...(guard === undefined ? {} : { guard }),
      ...(owners === undefined ? {} : { owners }),
      ...(sharing === undefined ? {} : { sharing }),
      ...(localPorts === undefined ? {} : { localPorts }),
    }));
}

function arbitraryKey(): fc.Arbitrary<ServiceKey> {
  return fc
    .record({
      family: fc.constantFrom<Family>(4, 6),
      vip: fc.nat(2),
      protocol: fc.constantFrom(...protocols, 'tcp', 'tcp', 'udp'),
      port: fc.constantFrom(...ports),
    })
    .map(({ family, vip, protocol, port }) => ({
      vip: vips[family][vip] as string,
      protocol,
      port: protocol === 'esp' || protocol === 'ah' ? 0 : port,
    }));
}

interface Shape {
  readonly forwarding: ForwardingMethod;
  readonly scheduling: Scheduling;
  readonly backends: readonly (Omit<ForwardingBackend, 'address'> & {
    readonly index: number;
    readonly family: Family;
  })[];
  readonly rows: readonly number[];
  readonly kept: readonly number[];
  readonly persistence: Persistence | undefined;
  /** Instead of `forwarding` and `scheduling`. */
  readonly secondChance: SecondChance | undefined;
  readonly mssClamp: number;
  readonly watched: boolean;
}

function arbitraryShape(): fc.Arbitrary<Shape> {
  return fc.record({
    forwarding: fc.constantFrom(...methods),
    scheduling: fc.constantFrom(...schedulings),
    backends: fc.uniqueArray(
      fc.record({
        index: fc.constantFrom(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6),
        family: fc.constantFrom<Family>(4, 6),
        port: fc.constantFrom(0, 0, 8080),
        weight: fc.constantFrom(1, 1, 1, 2, 2, 3, 0),
        upperConnections: fc.constantFrom(0, 0, 0, 1, 3),
        lowerConnections: fc.constantFrom(0, 1, 2),
      }),
      { minLength: 1, maxLength: 5, selector: ({ index }) => index },
    ),
    rows: fc.oneof(
      { weight: 12, arbitrary: fc.array(fc.nat(4), { minLength: 1, maxLength: ROWS_MAX }) },
      { weight: 1, arbitrary: fc.constant([]) },
    ),
    kept: fc.uniqueArray(fc.nat(ROWS_MAX - 1), { maxLength: KEPT_ROWS_MAX }),
    persistence: seldom(
      4,
      fc.record({
        timeoutMs: fc.constantFrom(5 * TICK_MS, 30 * TICK_MS),
        prefix4: fc.constantFrom(32, 24, 25, 1),
        prefix6: fc.constantFrom(128, 64, 47, 80, 1),
      }),
    ),
    secondChance: seldom(6, arbitrarySecondChance()),
    mssClamp: fc.constantFrom(0, 0, 1200, 536),
    watched: fc.boolean(),
  });
}

/** What no configuration could ask for is made possible: docs/configuration says what does not go together. */
function serviceOf(keys: readonly ServiceKey[], shape: Shape): ForwardingService {
  const [first] = keys;
  const family: Family = first?.vip.includes(':') ? 6 : 4;
  if (shape.secondChance !== undefined) return serviceWithChoices(keys, shape, shape.secondChance);
  const { scheduling } = shape;
  const forwarding = methodFor(shape.forwarding, keys);
  const isTunnel = !translatesAddresses(forwarding) && forwarding.method !== 'dr';
  const listeners = isTunnel ? keys : keys.filter(({ vip }) => vip.includes(':') === (family === 6));
  const mapsPorts = translatesAddresses(forwarding) && listeners.every(({ protocol }) => /tcp|udp/.test(protocol));
  const backendsOf = shape.backends.map(({ index, family: own, port = 0, lowerConnections = 0, ...limits }) => ({
    address: backends[isTunnel ? own : family][index] as string,
    ...(mapsPorts ? { port } : {}),
    ...limits,
    lowerConnections: lowerConnections < (limits.upperConnections ?? 0) ? lowerConnections : 0,
  }));
  const rows = rowsOf(scheduling, shape, backendsOf);
  const persistence = shape.persistence;
  const mayKeep = isRecomputable(scheduling) && !translatesAddresses(forwarding) && persistence === undefined;
  return {
    listeners,
    forwarding,
    scheduling,
    backends: backendsOf,
    rows,
    keptRows: mayKeep ? shape.kept.filter((row) => row < rows.length) : [],
    ...(persistence === undefined ? {} : { persistence }),
    mssClamp: shape.mssClamp,
    watched: shape.watched,
  };
}

/** Hops have addresses of one family. */
function serviceWithChoices(
  listeners: readonly ServiceKey[],
  shape: Shape,
  { scheduling, header }: SecondChance,
): ForwardingService {
  const family = shape.backends[0]?.family ?? 4;
  const all = shape.backends.map(({ index }) => ({ address: backends[family][index] as string }));
  const rows = rowsOfChoices(shape.rows, scheduling.choices, all.length);
  return {
    listeners,
    forwarding: header,
    scheduling,
    backends: all,
    rows,
    mssClamp: shape.mssClamp,
    watched: shape.watched,
  };
}

/** What can't translate the addresses of a protocol goes through a tunnel. */
function methodFor(forwarding: ForwardingMethod, keys: readonly ServiceKey[]): ForwardingMethod {
  const may = forwarding.method === 'nat' ? ['tcp', 'udp', 'sctp'] : ['tcp', 'udp'];
  return translatesAddresses(forwarding) && !keys.every(({ protocol }) => may.includes(protocol))
    ? { method: 'ipip' }
    : forwarding;
}

function rowsOf({ pick }: Scheduling, shape: Shape, all: readonly ForwardingBackend[]): readonly number[] {
  const able = all.flatMap(({ weight }, i) => (weight === 0 ? [] : [i]));
  if (pick === 'least' || pick === 'locality') return able;
  return able.length === 0 ? [] : shape.rows.map((row) => able[row % able.length] as number);
}

function arbitraryGuard(): fc.Arbitrary<Guard> {
  const networks = fc.subarray([
    '192.0.2.0/24',
    '192.0.2.128/25',
    '192.0.2.2/32',
    '0.0.0.0/0',
    '2001:db8:c::/48',
    '2001:db8:c::1/128',
    '::/0',
  ]);
  return fc
    .record({
      networks,
      denied: fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
      rates: fc.boolean(),
      node: fc.constantFrom(0, 4),
      source: fc.constantFrom(0, 2),
    })
    .map(({ networks: chosen, denied, node, source }) => ({
      deny: chosen.filter((_, i) => denied[i]),
      allow: chosen.filter((_, i) => !denied[i]),
      newFlowsPerSecond: node,
      newFlowsPerSource: source,
    }));
}

function arbitrarySharing(): fc.Arbitrary<Sharing> {
  return fc.record({
    tellAfterMs: fc.constantFrom(0, 0, 1.5 * TICK_MS, 3 * TICK_MS, 10 * TICK_MS),
    // Nothing that the clock would decide about.
    takeoversPerSecond: fc.constantFrom(0, 1_000_000, 1_000_000, 1_000_000),
    datagrams: fc.boolean(),
    localAddresses: fc.constantFrom(
      [...local[4], ...local[6], ...localOfOthers[4], ...localOfOthers[6]],
      [...localOfOthers[4], ...local[6]],
    ),
  });
}

function timeoutsOf(scale: number): NonNullable<ForwardingTables['timeouts']> {
  return {
    tcpSynMs: 3 * scale * TICK_MS,
    tcpEstablishedMs: 9 * scale * TICK_MS,
    tcpFinMs: 5 * scale * TICK_MS,
    tcpCloseMs: scale * TICK_MS,
    udpMs: 4 * scale * TICK_MS,
    // Rounded up.
    otherMs: 4.5 * scale * TICK_MS,
    fragmentMs: 2.5 * scale * TICK_MS,
  };
}
