import { BenchError } from '../bench-error.js';

/**
 * How long after each change the last of all nodes had it, in ms: the first time that a node tells after the change and before
 * the next one is that of the change.
 *
 * @param beganMs  of each change, oldest first
 * @param nodesMs  what each node tells, oldest first
 * @throws {BenchError} BENCH_OUTPUT_UNREADABLE where a node has not told of a change before the next
 */
export function latenciesOf(beganMs: readonly number[], nodesMs: readonly (readonly number[])[]): number[] {
  return beganMs.map((began, index) => {
    const next = beganMs[index + 1] ?? Number.POSITIVE_INFINITY;
    const had = nodesMs.map((times) => times.find((time) => time >= Math.floor(began) && time < next));
    if (had.includes(undefined)) {
      const missing = had.indexOf(undefined) + 1;
      throw new BenchError(
        'BENCH_OUTPUT_UNREADABLE',
        `node ${missing} did not have change ${index + 1} before the next`,
      );
    }
    return Math.max(...(had as number[])) - began;
  });
}
