import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { BenchError } from '../bench-error.js';
import { enterPrivateNamespaces } from '../dataplane/private-namespaces.js';
import { type Summary, summarize } from '../statistics.js';
import type { ProbingFigures, ProbingOrder } from './probing.js';

export const probeKinds = ['tcp', 'http'] as const;
const probers = ['weir', 'plain loop'] as const;
const FIRST_PORT = 2000;
/** Intervals until what is measured begins. */
const WARM_UP_INTERVALS = 3;

export interface HealthBenchmarkOptions {
  readonly backends: number;
  readonly intervalMs: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly kinds: readonly (typeof probeKinds)[number][];
}

/** What one way to probe costs. */
export interface ProbingCost {
  readonly kind: ProbingOrder['kind'];
  readonly by: ProbingOrder['by'];
  readonly cpuShare: Summary;
  readonly probesPerSecond: Summary;
  readonly burst: Summary;
  readonly stallMs: Summary;
  readonly failed: number;
}

/**
 * Measures what it costs to probe many backends, by Weir's monitor and by a plain loop, in turns. The backends are another
 * process, in a network namespace of its own with this one.
 *
 * @throws {BenchError}
 */
export async function runHealthBenchmark(
  options: HealthBenchmarkOptions,
  say: (line: string) => void,
): Promise<readonly ProbingCost[]> {
  enterPrivateNamespaces();
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  const listeners = child('listeners.js', [String(FIRST_PORT), String(options.backends)]);
  try {
    await answerOf(listeners);
    const costs: ProbingCost[] = [];
    for (const kind of options.kinds) costs.push(...(await measureKind(kind, options, say)));
    return costs;
  } finally {
    listeners.kill();
  }
}

async function measureKind(
  kind: ProbingOrder['kind'],
  options: HealthBenchmarkOptions,
  say: (line: string) => void,
): Promise<readonly ProbingCost[]> {
  const figures = new Map<ProbingOrder['by'], ProbingFigures[]>(probers.map((by) => [by, []]));
  for (let round = 1; round <= options.rounds; round++) {
    for (const by of probers) {
      say(`${kind} by ${by}, round ${round} of ${options.rounds}`);
      figures.get(by)?.push(await measure({ ...orderOf(options), kind, by }));
    }
  }
  return probers.map((by) => {
    const runs = figures.get(by) as ProbingFigures[];
    const summary = (field: keyof ProbingFigures) => summarize(runs.map((run) => run[field]));
    return {
      kind,
      by,
      cpuShare: summary('cpuShare'),
      probesPerSecond: summary('probesPerSecond'),
      burst: summary('burst'),
      stallMs: summary('stallMs'),
      failed: runs.reduce((sum, run) => sum + run.failed, 0),
    };
  });
}

function orderOf({ backends, intervalMs, seconds }: HealthBenchmarkOptions): Omit<ProbingOrder, 'kind' | 'by'> {
  const warmUpMs = intervalMs * WARM_UP_INTERVALS;
  return { firstPort: FIRST_PORT, backends, intervalMs, warmUpMs, measureMs: seconds * 1000 };
}

async function measure(order: ProbingOrder): Promise<ProbingFigures> {
  return (await answerOf(child('probing-process.js', [JSON.stringify(order)]))) as ProbingFigures;
}

function child(file: string, args: readonly string[]): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

/** The first message of a process. */
async function answerOf(process: ChildProcess): Promise<unknown> {
  const ended = once(process, 'exit').then(([code]) => {
    throw new BenchError('BENCH_PATH_BROKEN', `expected figures of a process, found that it ended with ${code}`);
  });
  const [message] = (await Promise.race([once(process, 'message'), ended])) as [unknown];
  ended.catch(() => {});
  return message;
}
