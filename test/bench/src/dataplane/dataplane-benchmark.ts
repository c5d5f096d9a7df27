import { makeBenchNetwork } from './bench-network.js';
import { benchmarkPackets, type PacketBenchmarkOptions, type PacketCost } from './packet-benchmark.js';
import { enterPrivateNamespaces } from './private-namespaces.js';
import { benchmarkTables, type TableCost } from './table-benchmark.js';
import { measureVerifierEffort, type VerifierEffort } from './verifier-effort.js';

const BACKENDS = 16;

export interface DataplaneBenchmarkResult {
  readonly packets: readonly PacketCost[];
  readonly verifier: readonly VerifierEffort[];
  readonly tables: readonly TableCost[];
}

/**
 * Measures the packet path alone. This process moves into namespaces of its own for it, and stays there.
 *
 * @param say  learns what goes on, a line at a time
 */
export async function runDataplaneBenchmark(
  options: PacketBenchmarkOptions,
  say: (line: string) => void,
): Promise<DataplaneBenchmarkResult> {
  enterPrivateNamespaces();
  const network = makeBenchNetwork(BACKENDS);
  return {
    verifier: measureVerifierEffort(),
    packets: await benchmarkPackets(network, options, say),
    tables: await benchmarkTables(network, options, say),
  };
}
