import { canonicalAddress, familyOf } from '@weir/packet';
import type { ForwardingTables } from '../dataplane.js';

/** An interface where packets arrive, as the kernel has it. */
export interface IngressInterface {
  readonly name: string;
  readonly ifindex: number;
  /** Text; undefined: links of its kind have none. */
  readonly mac: string | undefined;
}

/**
 * What becomes of packets that arrive: `take`: to the data plane; `leave`: to the kernel. Rules of a lower stage come
 * first; what none matches is left to the kernel.
 */
export interface SteeringRule {
  readonly stage: number;
  readonly family: 4 | 6;
  /** Matches of tc-u32(8); all have to hold. */
  readonly match: string;
  readonly verdict: 'take' | 'leave';
}

/** Neighbour discovery and MLD tell of a link: on another device they would be lost. ICMPv6 types 132-135, 136-137. */
const linkMatters = ['match u8 0x84 0xfc at 40', 'match u8 0x88 0xfe at 40'];
/** Multicast, and for IPv4 what is above it. */
const manyReceivers = { 4: '224.0.0.0/3', 6: 'ff00::/8' } as const;
const tool = { 4: 'ip', 6: 'ip6' } as const;
const bits = { 4: 32, 6: 128 } as const;
/**
 * Unreachable, time exceeded, parameter problem (3, 11, 12) for IPv4; 1 to 4 for IPv6. Routers between node and backend
 * send them about packets of nat, to the client.
 */
const errors = {
  4: ['match u8 3 0xff at 20', 'match u8 11 0xff at 20', 'match u8 12 0xff at 20'],
  6: ['match u8 0 0xfc at 40', 'match u8 4 0xff at 40'],
} as const;
/** Offset of the destination port in UDP right after an IP header without options. */
const udpPort = { 4: 22, 6: 42 } as const;
const icmp = { 4: 'match ip protocol 1 0xff', 6: 'match ip6 protocol 58 0xff' } as const;

/**
 * Which packets the data plane has to see, whatever interface they arrive at: those for VIPs and local addresses of this node, and those that flows
 * of other nodes may be taken over with; of nat also
 * what backends send, and errors, through this node. What is for the node itself stays with the kernel.
 *
 * @param ownAddresses  of all interfaces, text, those for broadcast included
 */
export function steeringRules(tables: ForwardingTables, ownAddresses: readonly string[]): readonly SteeringRule[] {
  const { services, localAddresses = [], owners, sharing } = tables;
  const vips = services.flatMap(({ listeners }) => listeners.map(({ vip }) => vip));
  const behindNat = services
    .filter(({ forwarding }) => forwarding.method === 'nat')
    .flatMap(({ backends }) => backends.map(({ address }) => address));
  const rules: SteeringRule[] = [];
  const add = (stage: number, family: 4 | 6, verdict: 'take' | 'leave', match: string) =>
    rules.push({ stage, family, match, verdict });
  const addEach = (stage: number, verdict: 'take' | 'leave', side: 'src' | 'dst', addresses: readonly string[]) => {
    for (const address of new Set(addresses.map(canonicalAddress))) {
      const family = familyOf(address);
      add(stage, family, verdict, `match ${tool[family]} ${side} ${address}/${bits[family]}`);
    }
  };
  for (const match of linkMatters) add(0, 6, 'leave', `${icmp[6]} ${match}`);
  addEach(1, 'take', 'dst', [...vips, ...localAddresses, ...(sharing?.localAddresses ?? [])]);
  if (owners !== undefined) {
    const address = canonicalAddress(owners.nodes[owners.self] as string);
    const family = familyOf(address);
    const toAddress = `match ${tool[family]} dst ${address}/${bits[family]}`;
    const isUdp = `match ${tool[family]} protocol 17 0xff`;
    add(1, family, 'take', `${toAddress} ${isUdp} match u16 ${owners.port} 0xffff at ${udpPort[family]}`);
  }
  if (behindNat.length === 0) return rules;
  addEach(2, 'leave', 'dst', ownAddresses);
  for (const family of [4, 6] as const) {
    add(2, family, 'leave', `match ${tool[family]} dst ${manyReceivers[family]}`);
    for (const match of errors[family]) add(3, family, 'take', `${icmp[family]} ${match}`);
  }
  addEach(3, 'take', 'src', behindNat);
  return rules;
}
