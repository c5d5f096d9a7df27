import { isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import type { ConfigProblem } from './config-error.js';

/** Where something stands in a document: keys and indexes, from the root. */
export type Path = readonly PropertyKey[];

/** A YAML document as plain values, and the way back from a value to its place in the text. */
export interface YamlDocument {
  /** Undefined where there are problems: a text that is not YAML can't be taken at its word. */
  readonly value: unknown;
  /** What is wrong with it as YAML. */
  readonly problems: readonly ConfigProblem[];
  /** Line, from 1, of the value at the path; of the nearest that exists above it, where it is missing. */
  lineOfValue(path: Path): number;
  /** Line, from 1, of the key that the path ends with. */
  lineOfKey(path: Path): number;
  /** The number at the path as its author wrote it, before it was rounded to what JavaScript can hold. */
  numberText(path: Path): string | undefined;
}

/** Reads YAML 1.2, one document. Never throws: what is wrong is in `problems`. */
export function parseYaml(text: string): YamlDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number | undefined) => (offset === undefined ? 1 : lines.linePos(offset).line);
  const problems: ConfigProblem[] = [...document.errors, ...document.warnings].map(({ code, message, pos }) => ({
    path: '',
    message: code === 'DUPLICATE_KEY' ? `${keyAt(text, pos[0])} is written twice in one mapping` : plain(message),
    line: lineAt(pos[0]),
  }));
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return;
      problems.push({
        path: '',
        message: `*${alias.source} refers to no anchor; &${alias.source} must stand before it`,
        line: lineAt(alias.range?.[0]),
      });
    },
  });

  /** The deepest key and value on the way to the path. */
  const find = (path: Path) => {
    let value: Node | undefined = document.contents ?? undefined;
    let key: Node | undefined;
    let depth = 0;
    for (; depth < path.length; depth++) {
      const parent: Node | undefined = isAlias(value) ? value.resolve(document) : value;
      const part = path[depth];
      if (isSeq(parent) && isNode(parent.items[Number(part)])) {
        value = parent.items[Number(part)] as Node;
        key = undefined;
        continue;
      }
      const pair = isMap(parent)
        ? parent.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part))
        : undefined;
      if (!isPair(pair)) break;
      key = pair.key as Node;
      value = isNode(pair.value) ? pair.value : key;
    }
    return { key, value, isWhole: depth === path.length };
  };

  return {
    value: problems.length === 0 ? plainValue(document, problems) : undefined,
    problems,
    lineOfValue: (path) => lineAt(find(path).value?.range?.[0]),
    lineOfKey(path) {
      const { key, value } = find(path);
      return lineAt((key ?? value)?.range?.[0]);
    },
    numberText(path) {
      const { value, isWhole } = find(path);
      return isWhole && isScalar(value) && typeof value.value === 'number' ? value.source : undefined;
    },
  };
}

function plainValue(document: { toJS(): unknown }, problems: ConfigProblem[]): unknown {
  try {
    return document.toJS() ?? {};
  } catch (error) {
    // Aliases of aliases that would fill the memory ("billion laughs").
    problems.push({ path: '', message: plain((error as Error).message), line: 1 });
    return undefined;
  }
}

/** The key that is written at an offset. */
function keyAt(text: string, offset: number): string {
  return JSON.stringify(/^["']?([^"':\s,}]*)/.exec(text.slice(offset))?.[1] ?? '');
}

/** A message of the YAML library without its advice to programmers. */
function plain(message: string): string {
  return message.startsWith('Source contains multiple documents')
    ? 'a second document begins with ---; the file holds one'
    : message;
}
