import { makeBenchNetwork } from '../dataplane/bench-network.js';
import { enterPrivateNamespaces } from '../dataplane/private-namespaces.js';
import { benchmarkCrash, type CrashFigures } from './crash-benchmark.js';
import { benchmarkMemory, type FlowMemory } from './memory-benchmark.js';
import { benchmarkEvents, benchmarkToldFlows, type PacketCost } from './packet-costs.js';
import { usePrivateTemporaryDirectory } from './private-directory.js';
import { countRedisOperations, type RedisOperations } from './short-flows.js';
import { benchmarkTakeover, type TakeoverTime } from './takeover-benchmark.js';
import { benchmarkTelling, type TellingSpeed } from './telling-benchmark.js';

const BACKENDS = 16;
/** Of which nothing must be told. */
const SHORT_FLOWS_MAX = 10_000;

/**
 * | part | measures |
 * |---|---|
 * | crash | how soon real connections of a lab move data after their node was killed |
 * | telling | flows a second from the data plane's images to Redis, beside plain pipelines |
 * | packets | what a packet costs where flows are shared, and where they are not |
 * | takeover | how soon one node has taken over all flows of another one, beside flows that it knows |
 * | memory | bytes of Redis for a flow, beside the same as JSON |
 * | short | what Redis is asked for by short flows, beside long ones |
 */
export const stateParts = ['crash', 'telling', 'packets', 'takeover', 'memory', 'short'] as const;
export type StatePart = (typeof stateParts)[number];

export interface StateBenchmarkOptions {
  readonly parts: readonly StatePart[];
  /** Of which the median is taken. */
  readonly runs: number;
  readonly flows: number;
  /** Of the data plane alone. */
  readonly packetRuns: number;
  readonly packets: number;
  /** Packets a second of flows that are taken over. */
  readonly pace: number;
  /** That nodes accept: `state.takeoversPerSecond`. */
  readonly takeovers: number;
  /** Of the lab. */
  readonly connections: number;
}

/** What was measured; empty what was not asked for. */
export interface StateBenchmarkResult {
  readonly crash: readonly CrashFigures[];
  readonly telling: readonly TellingSpeed[];
  readonly packets: readonly PacketCost[];
  readonly takeover: readonly TakeoverTime[];
  readonly memory: readonly FlowMemory[];
  readonly short: readonly RedisOperations[];
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
  const { flows, pace, connections, takeovers: takeoversPerSecond } = options;
  const isWanted = (part: StatePart) => options.parts.includes(part);
  // A lab is made where others can see it: before this process leaves.
  const crash = isWanted('crash') ? [await benchmarkCrash({ connections, takeoversPerSecond }, say)] : [];
  enterPrivateNamespaces();
  usePrivateTemporaryDirectory();
  const network = makeBenchNetwork(BACKENDS);
  const packetOptions = { runs: options.packetRuns, packets: options.packets };
  return {
    crash,
    telling: isWanted('telling') ? await benchmarkTelling(options, say) : [],
    packets: isWanted('packets')
      ? [
          ...(await benchmarkToldFlows(network, packetOptions, say)),
          ...(await benchmarkEvents(network, packetOptions, say)),
        ]
      : [],
    memory: isWanted('memory') ? await benchmarkMemory(flows, say) : [],
    short: isWanted('short') ? await countRedisOperations(network, Math.min(flows, SHORT_FLOWS_MAX), say) : [],
    takeover: isWanted('takeover') ? await benchmarkTakeover(network, { flows, pace, takeoversPerSecond }, say) : [],
  };
}
