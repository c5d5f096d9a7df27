/** What is probed, how and how often. */
export interface ProbingTask {
  readonly kind: 'tcp' | 'http';
  /** Of 127.0.0.1. */
  readonly ports: readonly number[];
  readonly intervalMs: number;
}

/** One way to probe: begins, tells each answer with when its probe began, and returns how to stop. */
export type ProbedBy = (task: ProbingTask, count: (isWell: boolean, begunMs: number) => void) => () => void;

/** What a process that probes is told, by its only argument, as JSON. */
export interface ProbingOrder {
  readonly by: 'weir' | 'plain loop';
  readonly kind: ProbingTask['kind'];
  readonly firstPort: number;
  readonly backends: number;
  readonly intervalMs: number;
  /** Not measured: until all is compiled, and probes have spread. */
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** What was measured of one process that probes. */
export interface ProbingFigures {
  /** CPU time of the process, user and system, as a share of one core. */
  readonly cpuShare: number;
  readonly probesPerSecond: number;
  /** Most probes begun within any 10 ms. */
  readonly burst: number;
  readonly failed: number;
  /** For so long, at most, the process did nothing else. */
  readonly stallMs: number;
}

/** The most of these times that lie within any window of so many ms. */
export function largestBurst(timesMs: readonly number[], windowMs: number): number {
  const sorted = [...timesMs].sort((a, b) => a - b);
  let most = 0;
  for (let from = 0, to = 0; to < sorted.length; to++) {
    while ((sorted[to] as number) - (sorted[from] as number) >= windowMs) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}
