import type { WeirNode } from '@weir/lab';

/** When a daemon has said something since a line of its output, in whole ms since 1970, oldest first. */
export function timesOf({ process }: WeirNode, message: string, after: number): readonly number[] {
  return process.lines
    .slice(after)
    .filter((line) => line.includes(`"msg":"${message}"`))
    .map(timeOf);
}

/** When a line was logged, in whole ms since 1970. */
export function timeOf(line: string): number {
  return Date.parse((JSON.parse(line) as { readonly time: string }).time);
}
