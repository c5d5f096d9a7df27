import { makeBenchNetwork } from './bench-network.js';
import { benchmarkLiveFrames } from './live-benchmark.js';
import { benchmarkNexthops, type NexthopCost } from './nexthop-benchmark.js';
import { enterPrivateNamespaces } from './private-namespaces.js';
import { benchmarkSpeed, type PacketBenchmarkOptions, type SpeedFigure } from './speed-benchmark.js';
import { benchmarkTables, type TableCost } from './table-benchmark.js';
import { measureVerifierEffort, type VerifierEffort } from './verifier-effort.js';

const BACKENDS = 16;

/**
 * | part | measures |
 * |---|---|
 * | speed | packets of each kind, beside what they should cost |
 * | nexthops | what the cache of next hops saves |
 * | verifier | the verifier's effort |
 * | changes | changes of tables |
 */
export const dataplaneParts = ['speed', 'nexthops', 'verifier', 'changes'] as const;
export type DataplanePart = (typeof dataplaneParts)[number];

export interface DataplaneBenchmarkOptions extends PacketBenchmarkOptions {
  readonly parts: readonly DataplanePart[];
}

/** What was measured; empty what was not asked for. */
export interface DataplaneBenchmarkResult {
  readonly speed: readonly SpeedFigure[];
  readonly nexthops: readonly NexthopCost[];
  readonly verifier: readonly VerifierEffort[];
  readonly changes: readonly TableCost[];
}

/**
 * Measures the packet path alone. This process moves into namespaces of its own for it, and stays there.
 *
 * @param say  learns what goes on, a line at a time
 */
export async function runDataplaneBenchmark(
  options: DataplaneBenchmarkOptions,
  say: (line: string) => void,
): Promise<DataplaneBenchmarkResult> {
  const isWanted = (part: DataplanePart) => options.parts.includes(part);
  enterPrivateNamespaces();
  const network = makeBenchNetwork(BACKENDS);
  return {
    verifier: isWanted('verifier') ? measureVerifierEffort() : [],
    speed: isWanted('speed')
      ? [...(await benchmarkSpeed(network, options, say)), ...(await benchmarkLiveFrames(network, options, say))]
      : [],
    nexthops: isWanted('nexthops') ? await benchmarkNexthops(network, options, say) : [],
    changes: isWanted('changes') ? await benchmarkTables(network, options, say) : [],
  };
}
