import type { ForwardingMethod, ForwardingService, ForwardingTables } from '@weir/dataplane';
import { type ChoiceMember, ChoiceTable, hashFields, maglevTable } from '@weir/director';
import type { BenchAddresses } from './bench-addresses.js';
import { type FlowPacket, flowPacket, type SentBy } from './flow-packet.js';

/** What sort of packets, and what becomes of them. */
export interface Traffic {
  readonly family: 'ipv4' | 'ipv6';
  readonly sent: SentBy;
  readonly state: FlowState;
  /** Absent where no service takes the packets. */
  readonly forwarding?: ForwardingMethod;
  /** Whether backends answer SYNs is counted. Default false. */
  readonly watched?: boolean;
}

/**
 * | state | is |
 * |---|---|
 * | unserved | the VIP has a service, but not on this port |
 * | forgotten | the service picks by hash and remembers no flow; with hops: by rows of three choices |
 * | new | the service remembers flows, and each packet begins one |
 * | known | the service remembers the flows of all packets |
 * | answer | likewise, and packets are those that backends send back |
 */
export type FlowState = 'unserved' | 'forgotten' | 'new' | 'known' | 'answer';

/** Flows that a table has room for by default. */
const FLOWS_MAX = 1_048_576;
/** The smallest table: what a flow is recorded in is in the CPU's first cache. */
const FLOWS_MIN = 64;

const VIP = { ipv4: '198.51.100.10', ipv6: '2001:db8:100::10' };
const SERVICE_PORT = 80;
const CHOICES = 3;
/** No service has it. */
const OTHER_PORT = 9;
/** Where nat and fullnat map ports to. */
const BACKEND_PORT = 8080;

/** The client's packet of flow 0. */
export function clientPacket({ family, sent, state }: Traffic): FlowPacket {
  return flowPacket(sent, VIP[family], state === 'unserved' ? OTHER_PORT : SERVICE_PORT);
}

/** What begins the flow of such a packet. */
export function firstPacket(traffic: Traffic): FlowPacket {
  return clientPacket({ ...traffic, sent: traffic.sent === 'udp' ? 'udp' : 'tcp-syn' });
}

/** Tables with the one service that this traffic needs. */
export async function tablesFor(traffic: Traffic, node: BenchAddresses): Promise<ForwardingTables> {
  const { sources, localAddresses } = node;
  return { services: [await serviceFor(traffic, node)], sources, localAddresses, hashSeed: 7n };
}

/**
 * Flows that the table is to have room for. Where each packet records one, as many as packets are said to belong to: each
 * takes the place of another, as it does on a node that has run for a while.
 */
export function flowRoom({ state }: Traffic, flows: number): number {
  return state === 'new' ? Math.max(flows, FLOWS_MIN) : FLOWS_MAX;
}

async function serviceFor(traffic: Traffic, node: BenchAddresses): Promise<ForwardingService> {
  const service = hashedService(traffic, node);
  return carriesHops(traffic) ? { ...service, ...(await choicesOf(service)) } : service;
}

function hashedService(
  { family, sent, state, forwarding, watched = false }: Traffic,
  node: BenchAddresses,
): ForwardingService {
  const addresses = node.backends[family];
  const method = forwarding ?? { method: 'ipip' };
  const mapsPorts = method.method === 'nat' || method.method === 'fullnat';
  const remembers = state !== 'unserved' && state !== 'forgotten';
  return {
    listeners: [{ vip: VIP[family], protocol: sent === 'udp' ? 'udp' : 'tcp', port: SERVICE_PORT }],
    forwarding: method,
    scheduling: remembers ? { pick: 'next' } : { pick: 'hash', of: 'flow' },
    backends: addresses.map((address) => ({ address, ...(mapsPorts && { port: BACKEND_PORT }) })),
    rows: remembers
      ? addresses.map((_, index) => index)
      : maglevTable({ members: addresses.map((id) => ({ id, weight: 1 })) }),
    watched,
  };
}

export function carriesHops({ forwarding }: Traffic): boolean {
  return forwarding?.method === 'gue' && forwarding.header === 'hops';
}

async function choicesOf({ backends }: ForwardingService): Promise<Pick<ForwardingService, 'scheduling' | 'rows'>> {
  const members = backends.map(
    ({ address }): ChoiceMember => ({ id: address, address, state: 'active', healthy: true }),
  );
  const seed = new Uint8Array(16).fill(7);
  const { rows } = await ChoiceTable.build({ seed, choices: CHOICES }, members);
  return { scheduling: { pick: 'choices', choices: CHOICES, hash: { key: seed, fields: hashFields } }, rows };
}
