import { type BurstFigures, benchmarkBurst } from './burst-benchmark.js';
import { benchmarkChanges, type ChangeTimes } from './change-benchmark.js';
import { startControlLab } from './control-lab.js';
import { benchmarkLoad, type LoadFigures } from './load-benchmark.js';

/**
 * | part | measures |
 * |---|---|
 * | changes | how soon a change is in the data plane of three nodes: by etcd, and by replaced files |
 * | burst | how often nodes change their tables when many changes come at once |
 * | load | how soon a node that starts has all backends from etcd |
 */
export const controlParts = ['changes', 'burst', 'load'] as const;
export type ControlPart = (typeof controlParts)[number];

export interface ControlBenchmarkOptions {
  readonly parts: readonly ControlPart[];
  /** By etcd, and as many by files. */
  readonly changes: number;
  /** Changes at once. */
  readonly burst: number;
  /** In etcd when a node starts. */
  readonly backends: number;
  /** Starts of that node. */
  readonly runs: number;
}

/** What was measured; empty what was not asked for. */
export interface ControlBenchmarkResult {
  readonly changes: readonly ChangeTimes[];
  readonly burst: readonly BurstFigures[];
  readonly load: readonly LoadFigures[];
}

/** Measures how soon nodes of a lab do what etcd says. */
export async function runControlBenchmark(
  options: ControlBenchmarkOptions,
  say: (line: string) => void,
): Promise<ControlBenchmarkResult> {
  const isWanted = (part: ControlPart) => options.parts.includes(part);
  const ofNodes = await measureNodes(options, say);
  return { ...ofNodes, load: isWanted('load') ? [await benchmarkLoad(options, say)] : [] };
}

async function measureNodes(
  options: ControlBenchmarkOptions,
  say: (line: string) => void,
): Promise<Omit<ControlBenchmarkResult, 'load'>> {
  const { parts } = options;
  if (!parts.includes('changes') && !parts.includes('burst')) return { changes: [], burst: [] };
  await using lab = await startControlLab();
  return {
    changes: parts.includes('changes') ? await benchmarkChanges(lab, options, say) : [],
    burst: parts.includes('burst') ? [await benchmarkBurst(lab, options, say)] : [],
  };
}
