import { addressToBytes, buildUdpPacket, encodeGueHops, gueHopsBytes, IpProtocol } from '@weir/packet';
import fc from 'fast-check';
import type { Owners } from '../owners.js';
import { frameWith, plainFrame } from './frame-plan.js';
import { backends, clients, local } from './lab-addresses.js';
import { rowsOfChoices } from './second-chance.js';
import { seldom } from './seldom.js';

/** RFC 791, section 3.1. */
const IPV4_FLAGS = 6;
const MORE_FRAGMENTS = 0x20;

/** How another node hands a packet over, or somebody else pretends to. */
export interface HandoverPlan {
  /** Number of the node that it comes from, modulo their number; undefined: a client. */
  readonly from: number | undefined;
  /** Numbers of nodes, modulo one more than there are: that one is a stranger. */
  readonly hops: readonly number[];
  readonly nextHop: number;
  /** Bytes of the outer header, from UDP's port on, that are something else. */
  readonly damage: { readonly at: number; readonly value: number } | undefined;
  /** More fragments are said to follow; IPv4. */
  readonly isFragment: boolean;
}

/** Some of the lab's neighbours are nodes, and so is the node under test. */
export function arbitraryOwners(): fc.Arbitrary<Owners> {
  return fc
    .record({
      family: fc.constantFrom<4 | 6>(4, 6),
      others: fc.uniqueArray(fc.nat(backends[4].length - 1), { minLength: 1, maxLength: 4 }),
      self: fc.nat(4),
      pattern: fc.array(fc.nat(4), { minLength: 1, maxLength: 10 }),
      choices: fc.constantFrom<2 | 3 | 4>(2, 3, 4),
      hashKey: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      port: fc.constantFrom(19_523, 53),
    })
    .map(({ family, others, self: wish, pattern, choices, hashKey, port }) => {
      const nodes = others.map((index) => backends[family][index] as string);
      const self = wish % (nodes.length + 1);
      nodes.splice(self, 0, local[family][0]);
      const rows = rowsOfChoices(
        pattern.map((node) => node % nodes.length),
        choices,
        nodes.length,
        1,
      );
      return { port, nodes, self, hashKey, choices, rows };
    });
}

export function arbitraryHandover(): fc.Arbitrary<HandoverPlan> {
  return fc.record({
    from: fc.oneof({ weight: 9, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.constant(undefined) }),
    hops: fc.array(fc.nat(5), { maxLength: 5 }),
    nextHop: fc.constantFrom(0, 0, 0, 1, 2, 5),
    damage: seldom(8, fc.record({ at: fc.nat(40), value: fc.nat(255) })),
    isFragment: seldom(20, fc.constant(true)).map((is) => is === true),
  });
}

/** @param packet  from its IP header on */
export function handoverFrame(
  packet: Uint8Array,
  { nodes, self, port }: Owners,
  { from, hops, nextHop, damage, isFragment }: HandoverPlan,
): Uint8Array {
  const destination = nodes[self] as string;
  const family = destination.includes(':') ? 6 : 4;
  const stranger = clients[family][0];
  const header = {
    family,
    protocol: (packet[0] as number) >> 4 === 4 ? IpProtocol.ipv4 : IpProtocol.ipv6,
    nextHop: Math.min(nextHop, hops.length),
    hops: hops.map((hop) => addressToBytes(nodes[hop % (nodes.length + 1)] ?? stranger)),
  } as const;
  const payload = new Uint8Array(gueHopsBytes(header) + packet.byteLength);
  payload.set(packet, encodeGueHops(header, payload));
  const source = from === undefined ? stranger : (nodes[from % nodes.length] as string);
  const outer = buildUdpPacket(
    { source, destination, ttl: 64 },
    { sourcePort: 0xc123, destinationPort: port },
    payload,
  );
  const transportAt = outer.byteLength - payload.byteLength;
  if (damage !== undefined && transportAt + damage.at < outer.byteLength) outer[transportAt + damage.at] = damage.value;
  if (isFragment && family === 4) outer[IPV4_FLAGS] = MORE_FRAGMENTS;
  return frameWith(outer, plainFrame);
}
