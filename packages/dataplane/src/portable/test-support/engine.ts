import { addressToBytes } from '@weir/packet';
import type { ForwardingService, ForwardingTables } from '../../dataplane.js';
import { TICK_MS } from '../../tick.js';
import type { NextHop } from '../next-hop.js';
import { PortableEngine, type PortableLimits } from '../portable-engine.js';
import type { Verdict } from '../verdict.js';

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const vip = { 4: '198.51.100.10', 6: '2001:db8:100::10' } as const;
export const backend = { 4: '10.0.0.21', 6: 'fd00::21' } as const;
export const node = { 4: '10.0.0.11', 6: 'fd00::11' } as const;
export const IFINDEX = 2;

const viaBackend: NextHop = {
  ifindex: IFINDEX,
  mtuBytes: 1500,
  destinationMac: bytesOf('0200000000aa'),
  sourceMac: bytesOf('0200000000bb'),
};

/** An engine on a machine with one interface, where everything is one hop away. */
export function engineWith(
  services: readonly Partial<ForwardingService>[],
  tables: Partial<ForwardingTables> = {},
  nextHop: Partial<NextHop> = {},
  limits: Partial<PortableLimits> = {},
): PortableEngine {
  const surroundings = {
    ownMacs: [bytesOf('0200000000bb')],
    resolve: () => ({ ...viaBackend, ...nextHop }),
    mayComplain: () => true,
    mayHandUp: () => true,
    hasComplaintsLeft: () => true,
    hasHandUpsLeft: () => true,
  };
  const engine = new PortableEngine(surroundings, limits);
  engine.apply(tablesWith(services, tables));
  return engine;
}

/** A service on port 80 of the VIPs that it can serve, to one backend of IPv4, unless something else is said. */
export function tablesWith(
  services: readonly Partial<ForwardingService>[],
  tables: Partial<ForwardingTables> = {},
): ForwardingTables {
  return {
    services: services.map((service) => ({
      listeners: familiesOf(service).map((family) => ({ vip: vip[family], protocol: 'tcp' as const, port: 80 })),
      forwarding: { method: 'ipip' },
      scheduling: { pick: 'hash', of: 'flow' },
      backends: [{ address: backend[4] }],
      rows: [0],
      ...service,
    })),
    sources: { ipv4: node[4], ipv6: node[6] },
    localAddresses: [node[4], node[6]],
    hashSeed: 7n,
    ...tables,
  };
}

/** Only tunnels cross families. */
function familiesOf({ forwarding, backends = [] }: Partial<ForwardingService>): readonly (4 | 6)[] {
  if (forwarding === undefined || !['nat', 'fullnat', 'dr'].includes(forwarding.method)) return [4, 6];
  return backends[0]?.address.includes(':') ? [6] : [4];
}

/** What becomes of a frame, as text. */
export function outcome(engine: PortableEngine, frame: string, nowTicks = 0): string {
  return inWords(engine.forward(bytesOf(frame), IFINDEX, nowTicks));
}

function inWords(verdict: Verdict): string {
  return verdict.action === 'transmit'
    ? hexOf(verdict.frame)
    : verdict.action === 'drop'
      ? (verdict.reason ?? 'handed up')
      : verdict.action;
}

/** A frame of a TCP segment from a client of IPv4 to the VIP; checksums of TCP are left out. */
export function segment({
  client = '192.0.2.10',
  port = 1234,
  flags = 0x02,
  to = vip[4] as string,
  toPort = 80,
} = {}): string {
  const [source, destination] = [client, to].map((address) => hexOf(addressToBytes(address)));
  const word = (value: number) => value.toString(16).padStart(4, '0');
  const ip = `45000028000000004006${'0000'}${source}${destination}`;
  return `0200000000bb0200000000010800${ip}${word(port)}${word(toPort)}000000010000000050${flags.toString(16).padStart(2, '0')}2000${'00000000'}`;
}

/** Ticks in so many seconds. */
export const ticksIn = (seconds: number): number => (seconds * 1000) / TICK_MS;

export const flag = { fin: 0x01, syn: 0x02, rst: 0x04, ack: 0x10 } as const;
