import { hostname } from 'node:os';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { glob } from 'tinyglobby';
import { readInput } from '../input-file.js';
import type { Lose } from '../ipvsadm/placed-service.js';

/** A line of a configuration, after conditions, parameters and inclusions. */
export interface SourceLine {
  /** `line 12`, or `conf.d/web.conf, line 3` of an included file. */
  readonly place: string;
  readonly text: string;
}

/** What lines depend on besides the file. */
export interface LineSettings {
  /** Of conditional lines; default: the first part of the host's name. */
  readonly configId: string | undefined;
  readonly lose: Lose;
}

const INCLUDE = /^\s*include[rmwba]?\s+(\S+)\s*$/;
const CONDITION = /^\s*@(\^?)(\w+)\s+(.*)$/s;
const DEFINITION = /^\s*\$([A-Za-z_]\w*)=(.*)$/s;
/** A parameter that names itself would be replaced without end. */
const DEPTH_MAX = 16;

/**
 * Reads a keepalived.conf line by line as keepalived does: comments are gone, `include` is followed, lines that begin with
 * `@id` count where the id is ours, and `$NAME=` defines what `$NAME` and `${NAME}` stand for.
 * @throws {WeirctlError} INPUT_UNREADABLE
 * @see keepalived.conf(5), "ADVANCED CONFIGURATION"
 */
export async function readLines(file: string, settings: LineSettings): Promise<SourceLine[]> {
  return new LineReader(file, settings).read(file, 0);
}

class LineReader {
  readonly #root: string;
  readonly #settings: LineSettings;
  readonly #configId: string;
  readonly #parameters = new Map<string, readonly SourceLine[]>();

  constructor(root: string, settings: LineSettings) {
    this.#root = root;
    this.#settings = settings;
    this.#configId = settings.configId ?? (hostname().split('.')[0] as string);
  }

  async read(file: string, depth: number): Promise<SourceLine[]> {
    const found: SourceLine[] = [];
    const lines = joinedLines(await readInput(file));
    this.#parameters.set('_PWD', [{ place: '', text: dirname(file) }]);
    for (const { number, text } of lines) {
      const place = file === this.#root ? `line ${number}` : `${relative(dirname(this.#root), file)}, line ${number}`;
      const pattern = INCLUDE.exec(text)?.[1];
      if (pattern === undefined) found.push(...this.#expanded({ place, text }, 0));
      else found.push(...(await this.#included(pattern, file, place, depth)));
    }
    return found;
  }

  async #included(pattern: string, from: string, place: string, depth: number): Promise<SourceLine[]> {
    const path = pattern.replaceAll(/["']/g, '');
    const directory = dirname(from);
    const files = await glob(isAbsolute(path) ? path : join(directory, path).replaceAll('\\', '/'), {
      absolute: true,
      dot: true,
    });
    if (files.length === 0) this.#settings.lose(place, `include ${path}: no such file`);
    if (depth === DEPTH_MAX) {
      this.#settings.lose(place, `include ${path}: files include each other, ${DEPTH_MAX} deep: left out`);
      return [];
    }
    const found: SourceLine[] = [];
    for (const file of files.sort()) found.push(...(await this.read(file, depth + 1)));
    this.#parameters.set('_PWD', [{ place: '', text: directory }]);
    return found;
  }

  /** A line may become several: a parameter can stand for many. */
  #expanded(line: SourceLine, depth: number): SourceLine[] {
    const text = this.#ours(withoutComment(line.text));
    if (text === undefined) return [];
    const [, name, value] = DEFINITION.exec(text) ?? [];
    if (name !== undefined && value !== undefined) {
      const lines = value.split('\n').map((part) => ({ place: line.place, text: part }));
      this.#parameters.set(name, lines.length > 1 ? lines.slice(1) : lines);
      return [];
    }
    if (text.includes('\n')) return text.split('\n').flatMap((part) => this.#expanded({ ...line, text: part }, depth));
    const whole = this.#parameters.get(/^\s*\$\{?([A-Za-z_]\w*)\}?\s*$/.exec(text)?.[1] ?? '');
    if (whole !== undefined && depth < DEPTH_MAX) {
      return whole.flatMap((part) => this.#expanded({ place: line.place, text: part.text }, depth + 1));
    }
    const replaced = this.#replaced(text);
    return replaced === text || depth === DEPTH_MAX
      ? [{ place: line.place, text }]
      : this.#expanded({ place: line.place, text: replaced }, depth + 1);
  }

  /** Undefined: the line is for another id. */
  #ours(text: string): string | undefined {
    const [, not, id, rest] = CONDITION.exec(text) ?? [];
    if (id === undefined) return text;
    return (id === this.#configId) === (not === '') ? rest : undefined;
  }

  #replaced(text: string): string {
    return text.replace(/\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*)(?=\s|$))/g, (whole, braced?: string, bare?: string) => {
      const name = braced ?? bare ?? '';
      if (name === '_INSTANCE') return this.#configId;
      const value = this.#parameters.get(name);
      return value === undefined || value.length > 1 ? whole : (value[0]?.text ?? '');
    });
  }
}

/** Lines with their numbers; one that ends with a backslash goes on in the next, both with a break between them. */
function joinedLines(text: string): { number: number; text: string }[] {
  const joined: { number: number; text: string }[] = [];
  let open: { number: number; text: string } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const goesOn = /\\\s*$/.test(line);
    const part = goesOn ? line.replace(/\\\s*$/, '') : line;
    if (open === undefined) open = { number: index + 1, text: part };
    else open.text += `\n${part}`;
    if (goesOn) continue;
    joined.push(open);
    open = undefined;
  }
  return open === undefined ? joined : [...joined, open];
}

/** From # or ! to the end of the line, but not within quotes. */
function withoutComment(text: string): string {
  return text
    .split('\n')
    .map((line) => /^(?:[^"'#!]|"(?:\\.|[^"\\])*"|'[^']*'|["'])*/.exec(line)?.[0] ?? '')
    .join('\n');
}
