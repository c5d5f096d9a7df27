import { type ForwardingService, type ForwardingTables, XdpDataplane } from '@weir/dataplane';
import { DEFAULT_TABLE_ROWS, maglevTable } from '@weir/director';
import { type Summary, summarize } from '../statistics.js';
import type { BenchNetwork } from './bench-network.js';
import { flowPacket } from './flow-packet.js';
import { Trampoline } from './trampoline.js';

/** enum xdp_action of linux/bpf.h. */
const XdpAction = { pass: 2, tx: 3 } as const;
const FLOW_COUNTS = [1, 100_000];
const GUE_PORT = 6080;
const VIP = { ipv4: '198.51.100.10', ipv6: '2001:db8:100::10' };
/** No service has it. */
const OTHER_PORT = 9;
const SERVICES_MAX = 64;

export interface PacketBenchmarkOptions {
  readonly runs: number;
  /** Of each run. */
  readonly packets: number;
}

/** What a packet costs, in ns, without what the measurement itself costs. */
export interface PacketCost {
  readonly packet: string;
  readonly flows: number;
  /** As Weir runs. */
  readonly cachedNs: Summary;
  /** With a question to the kernel's routing tables for each packet. */
  readonly uncachedNs: Summary;
}

interface Case {
  readonly packet: string;
  readonly vip: keyof typeof VIP;
  readonly port: number;
  readonly forwarded?: { readonly backends: 'ipv4' | 'ipv6'; readonly method: 'ipip' | 'gue' };
}

const cases: readonly Case[] = [
  { packet: 'IPv4, no service', vip: 'ipv4', port: OTHER_PORT },
  { packet: 'IPv6, no service', vip: 'ipv6', port: OTHER_PORT },
  { packet: 'IPv4 by IPIP', vip: 'ipv4', port: 80, forwarded: { backends: 'ipv4', method: 'ipip' } },
  { packet: 'IPv6 by IPIP', vip: 'ipv6', port: 80, forwarded: { backends: 'ipv6', method: 'ipip' } },
  { packet: 'IPv4 by GUE', vip: 'ipv4', port: 81, forwarded: { backends: 'ipv4', method: 'gue' } },
  { packet: 'IPv6 by GUE', vip: 'ipv6', port: 81, forwarded: { backends: 'ipv6', method: 'gue' } },
  { packet: 'IPv4 by IPIP over IPv6', vip: 'ipv4', port: 82, forwarded: { backends: 'ipv6', method: 'ipip' } },
  { packet: 'IPv6 by IPIP over IPv4', vip: 'ipv6', port: 82, forwarded: { backends: 'ipv4', method: 'ipip' } },
];

/** Measures the XDP program on packets of each kind. Nothing is attached, nothing is sent. */
export async function benchmarkPackets(
  network: BenchNetwork,
  { runs, packets }: PacketBenchmarkOptions,
  say: (line: string) => void,
): Promise<PacketCost[]> {
  await using cached = await openWith(network, true);
  await using uncached = await openWith(network, false);
  using trampoline = new Trampoline();
  const costs: PacketCost[] = [];
  for (const { packet, vip, port, forwarded } of cases) {
    for (const flows of FLOW_COUNTS) {
      const verdict = forwarded === undefined ? XdpAction.pass : XdpAction.tx;
      const common = { packet: flowPacket(VIP[vip], port), flows, packets, ingressIfindex: network.ifindex };
      const cachedNs: number[] = [];
      const uncachedNs: number[] = [];
      for (let run = 0; run < runs; run++) {
        // Side by side: what slows the machine down for a while slows all three.
        const nothingNs = trampoline.packetNs(trampoline.nothingFd, { ...common, verdict: XdpAction.pass });
        cachedNs.push(trampoline.packetNs(cached.programFd, { ...common, verdict }) - nothingNs);
        uncachedNs.push(trampoline.packetNs(uncached.programFd, { ...common, verdict }) - nothingNs);
      }
      const cost = { packet, flows, cachedNs: summarize(cachedNs), uncachedNs: summarize(uncachedNs) };
      say(`${packet}, ${flows} flows: ${cost.cachedNs.median} ns`);
      costs.push(cost);
    }
  }
  return costs;
}

async function openWith(network: BenchNetwork, nexthopCache: boolean): Promise<XdpDataplane> {
  const services = cases.flatMap((each) => serviceOf(each, network));
  const plane = XdpDataplane.open({
    interfaces: [],
    mode: 'auto',
    pinDirectory: `/sys/fs/bpf/packets-${nexthopCache ? 'cached' : 'uncached'}`,
    limits: { services: SERVICES_MAX, backends: 4096, rows: SERVICES_MAX * 2 * DEFAULT_TABLE_ROWS },
    nexthopCache,
  });
  const tables: ForwardingTables = { services, sources: network.sources, hashSeed: 7n };
  try {
    await plane.apply(tables);
  } catch (error) {
    await plane[Symbol.asyncDispose]();
    throw error;
  }
  return plane;
}

function serviceOf({ vip, port, forwarded }: Case, network: BenchNetwork): ForwardingService[] {
  if (forwarded === undefined) return [];
  const { method } = forwarded;
  const addresses = network.backends[forwarded.backends];
  const members = addresses.map((id) => ({ id, weight: 1 }));
  return [
    {
      vip: VIP[vip],
      protocol: 'tcp',
      port,
      encapsulation: method === 'gue' ? { method, port: GUE_PORT } : { method },
      backends: addresses.map((address) => ({ address })),
      rows: maglevTable({ members }),
    },
  ];
}
