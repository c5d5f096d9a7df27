import { makeBenchNetwork } from '../dataplane/bench-network.js';
import { enterPrivateNamespaces } from '../dataplane/private-namespaces.js';
import { benchmarkMemory, type FlowMemory } from './memory-benchmark.js';
import { benchmarkEvents, benchmarkToldFlows, type PacketCost } from './packet-costs.js';
import { usePrivateTemporaryDirectory } from './private-directory.js';
import { benchmarkTelling, type TellingSpeed } from './telling-benchmark.js';

const BACKENDS = 16;

/**
 * | part | measures |
 * |---|---|
 * | telling | flows a second from the data plane's images to Redis, beside plain pipelines |
 * | packets | what a packet costs where flows are shared, and where they are not |
 * | memory | bytes of Redis for a flow, beside the same as JSON |
 */
export const stateParts = ['telling', 'packets', 'memory'] as const;
export type StatePart = (typeof stateParts)[number];

export interface StateBenchmarkOptions {
  readonly parts: readonly StatePart[];
  /** Of which the median is taken. */
  readonly runs: number;
  readonly flows: number;
  /** Of each run of the data plane alone. */
  readonly packets: number;
  readonly packetRuns: number;
}

/** What was measured; empty what was not asked for. */
export interface StateBenchmarkResult {
  readonly telling: readonly TellingSpeed[];
  readonly packets: readonly PacketCost[];
  readonly memory: readonly FlowMemory[];
}

/**
 * Measures what sharing flows costs, and how soon another node goes on with them. This process moves into namespaces of its
 * own for it, and stays there.
 *
 * @param say  learns what goes on, a line at a time
 */
export async function runStateBenchmark(
  options: StateBenchmarkOptions,
  say: (line: string) => void,
): Promise<StateBenchmarkResult> {
  const isWanted = (part: StatePart) => options.parts.includes(part);
  enterPrivateNamespaces();
  usePrivateTemporaryDirectory();
  const network = makeBenchNetwork(BACKENDS);
  const packetOptions = { runs: options.packetRuns, packets: options.packets };
  return {
    telling: isWanted('telling') ? await benchmarkTelling(options, say) : [],
    packets: isWanted('packets')
      ? [
          ...(await benchmarkToldFlows(network, packetOptions, say)),
          ...(await benchmarkEvents(network, packetOptions, say)),
        ]
      : [],
    memory: isWanted('memory') ? await benchmarkMemory(options.flows, say) : [],
  };
}
