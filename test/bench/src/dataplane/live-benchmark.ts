import { attachXdp } from '@weir/dataplane';
import { summarize } from '../statistics.js';
import type { BenchNetwork } from './bench-network.js';
import { openFor, type PacketBenchmarkOptions, recordFlows, type SpeedFigure } from './speed-benchmark.js';
import { flowCounts, liveRow } from './speed-rows.js';
import { Trampoline } from './trampoline.js';

/**
 * Sends frames from one end of a veth pair to the other, where the XDP program sends them back. One CPU does all of it:
 * makes the frame, passes it over, forwards it, passes it back, counts it.
 */
export async function benchmarkLiveFrames(
  network: BenchNetwork,
  { runs, packets }: PacketBenchmarkOptions,
  say: (line: string) => void,
): Promise<SpeedFigure[]> {
  using trampoline = new Trampoline();
  attachXdp(trampoline.returnedFd, network.far.interface, 'native', '/sys/fs/bpf/far');
  const figures: SpeedFigure[] = [];
  for (const flows of flowCounts) {
    const { packet, traffic, goals } = liveRow;
    await using plane = await openFor(traffic, flows, network, { interfaces: [network.interface], mode: 'native' });
    const sequence = recordFlows(plane, trampoline, traffic, flows, network)(0);
    const mpps: number[] = [];
    for (let run = 0; run <= runs; run++) {
      const { returned, ns } = trampoline.sendAndCount(sequence, packets, network.far.ifindex);
      if (run > 0) mpps.push((returned / ns) * 1000);
    }
    const measured = summarize(mpps);
    say(`${packet}, ${flows} flows: ${measured.median.toFixed(2)} Mpps`);
    const { goal } = goals[flows];
    figures.push({ packet, flows, unit: 'Mpps', measured, ...goals[flows], reached: measured.median >= goal });
  }
  return figures;
}
