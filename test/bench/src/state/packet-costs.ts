import { setTimeout as wait } from 'node:timers/promises';
import type { XdpDataplane } from '@weir/dataplane';
import type { BenchNetwork } from '../dataplane/bench-network.js';
import { flowCounts } from '../dataplane/speed-rows.js';
import { clientPacket, firstPacket } from '../dataplane/traffic.js';
import { Trampoline } from '../dataplane/trampoline.js';
import { XdpAction } from '../dataplane/xdp-action.js';
import { type Summary, summarize } from '../statistics.js';
import { changeSharing, openSharingPlane, rememberedBy } from './sharing-plane.js';

/** What a packet costs where flows are shared and where they are not, in ns, without what the measurement itself costs. */
export interface PacketCost {
  readonly packet: string;
  readonly flows: number;
  readonly sharedNs: Summary;
  readonly unsharedNs: Summary;
  /** Of runs side by side. */
  readonly differenceNs: Summary;
  /** To reach; absent: there is no such figure. */
  readonly differenceMax?: number;
}

export interface PacketCostOptions {
  readonly runs: number;
  /** Of each run of {@link benchmarkToldFlows}. */
  readonly packets: number;
}

const traffic = { family: 'ipv4', sent: 'tcp-ack', state: 'known', forwarding: { method: 'ipip' } } as const;
const ack = clientPacket(traffic);
const syn = firstPacket(traffic);
const TOLD_NS_MAX = 3;
/** Until all flows are old enough. */
const LOOK_MS = 100;
/** Events and packets that surely find room in their ring buffers. */
const PACKETS_AT_ONCE = 4096;
const SEVERAL = 100_000;
/** Ticks after which a flow is told again: more than a third of the timeout of connections. */
const DUE_TICKS = 301;

/** Packets of flows that were told and are not due again, beside the same without sharing. */
export async function benchmarkToldFlows(
  network: BenchNetwork,
  { runs, packets }: PacketCostOptions,
  say: (line: string) => void,
): Promise<PacketCost[]> {
  using trampoline = new Trampoline();
  const costs: PacketCost[] = [];
  for (const remembered of rememberedBy) {
    // One flow table for both: where in memory another one lies would be in the difference.
    await using plane = await openSharingPlane(network, { remembered, isSharing: true, clock: 'kernel' });
    const share = (isSharing: boolean) => changeSharing(plane, network, { remembered, isSharing, hasMoved: true });
    const send = (fd: number, packet: typeof ack, flows: number, repeat: number, verdict: number = XdpAction.tx) =>
      trampoline.packetNs(fd, {
        sequence: { packet, flows },
        packets: repeat,
        ingressIfindex: network.ifindex,
        verdict,
      });
    send(plane.programFd, syn, SEVERAL, SEVERAL);
    send(plane.programFd, ack, SEVERAL, SEVERAL);
    await share(true);
    await untilTold(plane, () => send(plane.programFd, ack, SEVERAL, SEVERAL));
    for (const flows of flowCounts) {
      const cost = await compare(runs, async (run) => {
        const nothingNs = send(trampoline.nothingFd, ack, flows, packets, XdpAction.pass);
        const measure = async (isSharing: boolean) => {
          await share(isSharing);
          return send(plane.programFd, ack, flows, packets) - nothingNs;
        };
        // In turns: what the first one finds in caches is another one's the next time.
        const isSharedFirst = run % 2 === 0;
        const first = await measure(isSharedFirst);
        const second = await measure(!isSharedFirst);
        plane.sharing.take();
        return isSharedFirst ? { sharedNs: first, unsharedNs: second } : { sharedNs: second, unsharedNs: first };
      });
      const packet = `of a told flow, ${remembered}`;
      say(`${packet}, ${flows} flows: ${cost.sharedNs.median} ns, ${cost.unsharedNs.median} ns without sharing`);
      costs.push({ packet, flows, ...cost, differenceMax: TOLD_NS_MAX });
    }
  }
  return costs;
}

/** Packets that make the data plane tell user space something: of flows that are due, and of unknown ones. */
export async function benchmarkEvents(
  network: BenchNetwork,
  { runs }: PacketCostOptions,
  say: (line: string) => void,
): Promise<PacketCost[]> {
  using trampoline = new Trampoline();
  await using shared = await openSharingPlane(network, { remembered: 'wlc', isSharing: true, clock: 'manual' });
  await using unshared = await openSharingPlane(network, { remembered: 'wlc', isSharing: false, clock: 'manual' });
  const planes = [shared, unshared];
  /** In pieces, each taken before the next one: mean of a packet. */
  const send = (plane: XdpDataplane, packet: typeof ack, firstFlow: number, verdict: number = XdpAction.tx) => {
    let ns = 0;
    for (let sent = 0; sent < SEVERAL; sent += PACKETS_AT_ONCE) {
      const packets = Math.min(PACKETS_AT_ONCE, SEVERAL - sent);
      const sequence = { packet, flows: 2 ** 32 - 1, first: firstFlow + sent };
      const common = { sequence, packets, ingressIfindex: network.ifindex };
      const nothingNs = trampoline.packetNs(trampoline.nothingFd, { ...common, verdict: XdpAction.pass });
      ns += (trampoline.packetNs(plane.programFd, { ...common, verdict }) - nothingNs) * packets;
      if (plane === shared) plane.sharing.take();
    }
    return ns / SEVERAL;
  };
  let ticks = 1;
  for (const plane of planes) {
    plane.setClock(ticks);
    send(plane, syn, 0);
    send(plane, ack, 0);
  }
  const told = await compare(runs, () => {
    ticks += DUE_TICKS;
    for (const plane of planes) plane.setClock(ticks);
    return { unsharedNs: send(unshared, ack, 0), sharedNs: send(shared, ack, 0) };
  });
  say(`of a flow that is told: ${told.sharedNs.median.toFixed(0)} ns`);
  let strangers = SEVERAL;
  const missed = await compare(runs, () => {
    strangers += SEVERAL;
    const sharedNs = send(shared, ack, strangers, XdpAction.drop);
    // Without sharing it begins a flow.
    return { sharedNs, unsharedNs: send(unshared, ack, strangers) };
  });
  say(`of a flow that is asked about: ${missed.sharedNs.median.toFixed(0)} ns`);
  const { lost } = shared.sharing.counts();
  if (lost > 0) say(`${lost} events found no room`);
  return [
    { packet: 'of a flow that is told', flows: SEVERAL, ...told },
    { packet: 'of an unknown flow, handed up', flows: SEVERAL, ...missed },
  ];
}

async function untilTold(plane: XdpDataplane, send: () => void): Promise<void> {
  do {
    await wait(LOOK_MS);
    send();
    // Some events find no room if none are taken; they come again with the next tick.
    while (plane.sharing.take().told.byteLength > 0);
  } while (plane.sharing.counts().told < SEVERAL);
}

interface PacketRun {
  readonly sharedNs: number;
  readonly unsharedNs: number;
}

/** The first run, number 0, is not kept: it brings memory and caches to where they stay. */
async function compare(runs: number, measure: (run: number) => PacketRun | Promise<PacketRun>) {
  const results: PacketRun[] = [];
  for (let run = 0; run <= runs; run++) {
    const result = await measure(run);
    if (run > 0) results.push(result);
  }
  return {
    sharedNs: summarize(results.map(({ sharedNs }) => sharedNs)),
    unsharedNs: summarize(results.map(({ unsharedNs }) => unsharedNs)),
    differenceNs: summarize(results.map(({ sharedNs, unsharedNs }) => sharedNs - unsharedNs)),
  };
}
