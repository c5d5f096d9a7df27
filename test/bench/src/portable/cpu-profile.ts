import { type Profiler, Session } from 'node:inspector/promises';

/** A profile as .cpuprofile files have it: Chromium's developer tools and others open them. */
export type CpuProfile = Profiler.Profile;

/** A function and the time that was spent in it, not in what it calls. */
export interface FunctionCost {
  /** `(garbage collector)` and the like are V8's own. */
  readonly name: string;
  /** File and line; empty for V8's own. */
  readonly place: string;
  readonly selfMs: number;
  /** Of all samples. */
  readonly share: number;
}

/** Runs something under V8's sampling profiler. */
export async function profileCpu<T>(
  run: () => T | Promise<T>,
): Promise<{ readonly result: T; readonly profile: CpuProfile }> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    const result = await run();
    const { profile } = await session.post('Profiler.stop');
    return { result, profile };
  } finally {
    session.disconnect();
  }
}

/** The functions that took most time themselves, the most expensive one first. */
export function mostExpensive({ nodes, samples = [], timeDeltas = [] }: CpuProfile, count: number): FunctionCost[] {
  const frameOf = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const selfUs = new Map<string, number>();
  let totalUs = 0;
  for (const [index, id] of samples.entries()) {
    const frame = frameOf.get(id);
    const us = timeDeltas[index] ?? 0;
    if (frame === undefined) continue;
    totalUs += us;
    // One function is a node for each way that led to it.
    const key = `${frame.functionName || '(anonymous)'}\n${placeOf(frame)}`;
    selfUs.set(key, (selfUs.get(key) ?? 0) + us);
  }
  return [...selfUs]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([key, us]) => {
      const [name = '', place = ''] = key.split('\n');
      return { name, place, selfMs: us / 1000, share: us / totalUs };
    });
}

function placeOf({ url, lineNumber }: Profiler.ProfileNode['callFrame']): string {
  return url === '' ? '' : `${url.slice(url.lastIndexOf('/') + 1)}:${lineNumber + 1}`;
}
