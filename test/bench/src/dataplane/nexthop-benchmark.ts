import { type ForwardingMethod, type ForwardingService, type ForwardingTables, XdpDataplane } from '@weir/dataplane';
import { DEFAULT_TABLE_ROWS, maglevTable } from '@weir/director';
import { type Summary, summarize } from '../statistics.js';
import type { BenchNetwork } from './bench-network.js';
import { flowPacket } from './flow-packet.js';
import type { PacketBenchmarkOptions } from './speed-benchmark.js';
import { flowCounts } from './speed-rows.js';
import { Trampoline } from './trampoline.js';
import { XdpAction } from './xdp-action.js';

const methods = { ipip: { method: 'ipip' }, gue: { method: 'gue', port: 6080, header: 'gue' } } as const;
const VIP = { ipv4: '198.51.100.10', ipv6: '2001:db8:100::10' };
/** No service has it. */
const OTHER_PORT = 9;
const SERVICES_MAX = 64;

/** What a packet costs, in ns, without what the measurement itself costs. */
export interface NexthopCost {
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
  readonly forwarded?: { readonly backends: 'ipv4' | 'ipv6'; readonly method: keyof typeof methods };
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

/** Measures what the cache of next hops saves, on packets of which no flow is remembered. Nothing is attached or sent. */
export async function benchmarkNexthops(
  network: BenchNetwork,
  { runs, packets }: PacketBenchmarkOptions,
  say: (line: string) => void,
): Promise<NexthopCost[]> {
  await using cached = await openWith(network, true);
  await using uncached = await openWith(network, false);
  using trampoline = new Trampoline();
  const costs: NexthopCost[] = [];
  for (const { packet, vip, port, forwarded } of cases) {
    for (const flows of flowCounts) {
      const verdict = forwarded === undefined ? XdpAction.pass : XdpAction.tx;
      const common = {
        sequence: { packet: flowPacket('tcp-ack', VIP[vip], port), flows },
        packets,
        ingressIfindex: network.ifindex,
      };
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
  const forwarding: ForwardingMethod = methods[forwarded.method];
  const addresses = network.backends[forwarded.backends];
  const members = addresses.map((id) => ({ id, weight: 1 }));
  return [
    {
      listeners: [{ vip: VIP[vip], protocol: 'tcp', port }],
      forwarding,
      scheduling: { pick: 'hash', of: 'flow' },
      backends: addresses.map((address) => ({ address })),
      rows: maglevTable({ members }),
    },
  ];
}
