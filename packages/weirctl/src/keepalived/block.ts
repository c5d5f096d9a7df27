import type { Lose } from '../ipvsadm/placed-service.js';
import { splitQuoted } from '../ipvsadm/split-quoted.js';
import type { SourceLine } from './source-lines.js';

/** A statement of keepalived.conf: `delay_loop 6`, or `real_server 10.0.0.1 80 { … }`. */
export interface Statement {
  readonly place: string;
  readonly keyword: string;
  readonly values: readonly string[];
  /** Undefined: no braces follow. */
  readonly block: readonly Statement[] | undefined;
}

interface Open {
  readonly place: string;
  readonly block: Statement[];
}

/** Puts lines together to statements within each other. A brace may stand at the end of a line or on one of its own. */
export function parseStatements(lines: readonly SourceLine[], lose: Lose): Statement[] {
  const root: Statement[] = [];
  const open: Open[] = [{ place: 'line 1', block: root }];
  const current = () => (open.at(-1) as Open).block;
  for (const { place, text } of lines) {
    for (const part of partsOf(text)) {
      if (part === '{') {
        const before = current().pop();
        const block: Statement[] = [];
        if (before === undefined || before.block !== undefined)
          lose(place, 'a "{" that no keyword stands before: read on within it');
        current().push({ place, keyword: '', values: [], ...before, block });
        open.push({ place, block });
      } else if (part === '}') {
        if (open.length > 1) open.pop();
        else lose(place, 'a "}" that closes nothing: left out');
      } else {
        const [keyword = '', ...values] = splitQuoted(part);
        if (keyword !== '') current().push({ place, keyword, values, block: undefined });
      }
    }
  }
  for (const { place } of open.slice(1)) lose(place, 'a "{" that is never closed: taken to reach to the end');
  return root;
}

/** `real_server 10.0.0.1 80 {` in its words and its brace; braces within quotes belong to words. */
function partsOf(text: string): string[] {
  return text.match(/[{}]|(?:[^{}"']|"(?:\\.|[^"\\])*"|'[^']*'|["'])+/g) ?? [];
}

/** The statement with this keyword that counts: the last one. */
export function lastOf(block: readonly Statement[], ...keywords: readonly string[]): Statement | undefined {
  return block.findLast(({ keyword }) => keywords.includes(keyword));
}

/** The first value of the statement that counts. */
export function textOf(block: readonly Statement[], ...keywords: readonly string[]): string | undefined {
  return lastOf(block, ...keywords)?.values[0];
}
