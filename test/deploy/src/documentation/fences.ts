import { readdirSync, readFileSync } from 'node:fs';

/** A block between ``` and ``` of a page. */
export interface Fence {
  /** From the repository: `docs/mtu.md`. */
  readonly page: string;
  /** Of its first line, from 1. */
  readonly line: number;
  /** First word behind the backquotes: `sh`; empty where there is none. */
  readonly language: string;
  /** What follows it: `on=client`, `not-run="why"`. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Without the indentation of its first backquotes. */
  readonly text: string;
}

const root = new URL('../../../../', import.meta.url);
const FENCE = /^( *)```([^\n`]*)\n(.*?)^ *```$/gms;

/** Pages of docs/ from the repository's root, and README.md. */
export function pages(): readonly string[] {
  const docs = readdirSync(new URL('docs/', root)).filter((name) => name.endsWith('.md'));
  return ['README.md', ...docs.sort().map((name) => `docs/${name}`)];
}

/** All blocks of a page, in their order. */
export function fencesOf(page: string): readonly Fence[] {
  const text = readFileSync(new URL(page, root), 'utf8');
  return [...text.matchAll(FENCE)].map((match) => {
    const [, indentation = '', info = '', body = ''] = match;
    const lines = body
      .split('\n')
      .map((line) => (line.startsWith(indentation) ? line.slice(indentation.length) : line));
    return { page, line: lineAt(text, match.index), ...parseInfo(info), text: lines.join('\n') };
  });
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

function parseInfo(info: string): Pick<Fence, 'language' | 'attributes'> {
  const [language = ''] = info.trim().split(' ');
  const attributes = [...info.matchAll(/([\w-]+)=(?:"([^"]*)"|(\S+))/g)].map(([, name, quoted, bare]) => [
    name,
    quoted ?? bare,
  ]);
  return { language, attributes: Object.fromEntries(attributes) };
}
