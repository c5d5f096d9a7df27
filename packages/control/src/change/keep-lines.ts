import { diffArrays } from 'diff';

/**
 * What a program that rewrites texts in its own style changed, put into the text as its author wrote it: lines that it did not
 * change look as they did.
 * @param text    as its author wrote it
 * @param before  the same in the style of the program
 * @param after   the same with its changes
 */
export function keepLines(text: string, before: string, after: string): string {
  const lines = text.split('\n');
  /** Of lines of `before`: where they stand in `text`. */
  const origin = sameLines(lines.map(bare), before.split('\n').map(bare));
  const kept = sameLines(before.split('\n'), after.split('\n'));
  const told: string[] = [];
  let next = 0;
  for (const [at, line] of after.split('\n').entries()) {
    const beforeAt = kept.get(at);
    const textAt = beforeAt === undefined ? undefined : origin.get(beforeAt);
    if (textAt === undefined) {
      // A blank line that the program put in.
      if (beforeAt === undefined || bare(line) !== '') told.push(line);
      continue;
    }
    // Blank lines that the program took out.
    if (lines.slice(next, textAt).every((skipped) => bare(skipped) === '')) told.push(...lines.slice(next, textAt));
    told.push(lines[textAt] as string);
    next = textAt + 1;
  }
  return told.join('\n');
}

/** Places of lines of the second text that the first one has too, with their places there. */
function sameLines(first: readonly string[], second: readonly string[]): ReadonlyMap<number, number> {
  const same = new Map<number, number>();
  let [at, otherAt] = [0, 0];
  for (const { added, removed, count } of diffArrays([...first], [...second])) {
    for (let i = 0; i < count && !added && !removed; i++) same.set(otherAt + i, at + i);
    if (!added) at += count;
    if (!removed) otherAt += count;
  }
  return same;
}

/** Without what a style decides. */
function bare(line: string): string {
  return line.replaceAll(/\s/g, '');
}
