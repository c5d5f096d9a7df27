import { type TableLimits, translatesAddresses, XdpDataplane, type XdpDataplaneOptions } from '@weir/dataplane';
import { CHOICE_ROWS, CHOICES_MAX, DEFAULT_TABLE_ROWS } from '@weir/director';
import { type Summary, summarize } from '../statistics.js';
import type { BenchNetwork } from './bench-network.js';
import { type FlowCount, flowCounts, type Goal, speedRows } from './speed-rows.js';
import { carriesHops, clientPacket, firstPacket, flowRoom, type Traffic, tablesFor } from './traffic.js';
import { type FlowSequence, Trampoline } from './trampoline.js';
import { recordTranslations } from './translated-flows.js';
import { XdpAction } from './xdp-action.js';

export interface PacketBenchmarkOptions {
  readonly runs: number;
  /** Of each run. */
  readonly packets: number;
}

/** What was measured of a packet, beside what it should be. */
export interface SpeedFigure extends Goal {
  readonly packet: string;
  readonly flows: FlowCount;
  readonly unit: 'ns' | 'Mpps';
  readonly measured: Summary;
  readonly reached: boolean;
}

/** Room for all flows of a row, so that few of them have to give way to others. */
const TRANSLATED_FLOWS_MAX = 262_144;

/** Measures the XDP program on packets of each kind. Nothing is attached, nothing is sent. */
export async function benchmarkSpeed(
  network: BenchNetwork,
  { runs, packets }: PacketBenchmarkOptions,
  say: (line: string) => void,
): Promise<SpeedFigure[]> {
  using trampoline = new Trampoline();
  const figures: SpeedFigure[] = [];
  for (const { packet, traffic, goals } of speedRows) {
    for (const flows of flowCounts) {
      await using plane = await openFor(traffic, flows, network);
      const sequenceOf = recordFlows(plane, trampoline, traffic, flows, network);
      const ns: number[] = [];
      // The first run is not kept: it brings memory and caches to where they stay.
      for (let run = 0; run <= runs; run++) {
        const common = { packets, sequence: sequenceOf(run * packets), ingressIfindex: network.ifindex };
        // Side by side: what slows the machine down for a while slows both.
        const nothingNs = trampoline.packetNs(trampoline.nothingFd, { ...common, verdict: XdpAction.pass });
        const programNs = trampoline.packetNs(plane.programFd, { ...common, verdict: verdictOf(traffic) });
        if (run > 0) ns.push(programNs - nothingNs);
      }
      const measured = summarize(ns);
      say(`${packet}, ${flows} flows: ${measured.median} ns`);
      const { goal } = goals[flows];
      figures.push({ packet, flows, unit: 'ns', measured, ...goals[flows], reached: measured.median <= goal });
    }
  }
  return figures;
}

/** A data plane with the tables for such traffic in force. */
export async function openFor(
  traffic: Traffic,
  flows: number,
  network: BenchNetwork,
  more: Partial<XdpDataplaneOptions> = {},
): Promise<XdpDataplane> {
  const pinDirectory = '/sys/fs/bpf/speed';
  XdpDataplane.remove(pinDirectory);
  const plane = XdpDataplane.open({
    interfaces: [],
    mode: 'auto',
    pinDirectory,
    limits: { services: 16, backends: 64, rows: 2 * rowsOf(traffic), ...flowLimits(traffic, flows) },
    ...more,
  });
  try {
    await plane.apply(await tablesFor(traffic, network));
  } catch (error) {
    await plane[Symbol.asyncDispose]();
    throw error;
  }
  return plane;
}

/** A row of choices takes four places, as many as it may have. */
function rowsOf(traffic: Traffic): number {
  return carriesHops(traffic) ? CHOICE_ROWS * CHOICES_MAX : DEFAULT_TABLE_ROWS;
}

/** Translations are large. */
function flowLimits(traffic: Traffic, flows: number): Pick<TableLimits, 'flows' | 'translatedFlows'> {
  return { flows: flowRoom(traffic, flows), translatedFlows: translates(traffic) ? TRANSLATED_FLOWS_MAX : 0 };
}

function translates({ forwarding }: Traffic): boolean {
  return forwarding !== undefined && translatesAddresses(forwarding);
}

function verdictOf({ state }: Traffic): number {
  return state === 'unserved' ? XdpAction.pass : XdpAction.tx;
}

/**
 * Makes the data plane know the flows that it should know.
 *
 * @returns the packets to measure, from a flow number on where each packet is of a new flow
 */
export function recordFlows(
  plane: XdpDataplane,
  trampoline: Trampoline,
  traffic: Traffic,
  flows: number,
  { ifindex: ingressIfindex }: BenchNetwork,
): (firstFlow: number) => FlowSequence {
  const packet = clientPacket(traffic);
  const first = firstPacket(traffic);
  switch (traffic.state) {
    case 'unserved':
    case 'forgotten':
      return () => ({ packet, flows });
    case 'new':
      return (firstFlow) => ({ packet, flows: 2 ** 32 - 1, first: firstFlow });
    case 'known':
    case 'answer': {
      if (translates(traffic)) {
        const { toBackend, toClient } = recordTranslations(first, packet, flows, (frame) => {
          const { result, packet: forwarded } = plane.testRun(frame, { ingressIfindex });
          return result === XdpAction.tx ? forwarded : undefined;
        });
        return () => (traffic.state === 'answer' ? toClient : toBackend);
      }
      const sequence = { packet: first, flows };
      trampoline.packetNs(plane.programFd, { sequence, packets: flows, ingressIfindex, verdict: XdpAction.tx });
      return () => ({ packet, flows });
    }
  }
}
