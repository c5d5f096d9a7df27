import type { WeirNode } from '@weir/lab';

/** When a daemon has written its tables, as it says right after: ms since 1970, oldest first. */
export function timesOfTables(node: WeirNode, after = 0): readonly number[] {
  return timesOf(node, 'tables changed', after);
}

/** When a daemon has said something, in whole ms since 1970. */
export function timesOf({ process }: WeirNode, message: string, after = 0): readonly number[] {
  return process.lines
    .slice(after)
    .filter((line) => line.includes(`"msg":"${message}"`))
    .map((line) => Date.parse((JSON.parse(line) as { readonly time: string }).time));
}
