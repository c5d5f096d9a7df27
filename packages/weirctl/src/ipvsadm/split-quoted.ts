const WORD = /(?:[^\s"']|"(?:\\.|[^"\\])*"|'[^']*')+/g;

/** Words of a line; blanks within quotes belong to a word, and the quotes do not. */
export function splitQuoted(line: string): string[] {
  return (line.match(WORD) ?? []).map((word) =>
    word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'/g, (_whole, double?: string, single?: string) =>
      double === undefined ? (single ?? '') : double.replace(/\\(.)/g, '$1'),
    ),
  );
}
