import { readFile } from 'node:fs/promises';
import leven from 'leven';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { ConfigError, type ConfigProblem, InvalidConfigError } from './config-error.js';
import { type NodeConfig, nodeConfigOf } from './node-config.js';
import { nodeSchema } from './node-schema.js';

/** A typo has at most this many letters wrong. */
const TYPO_LETTERS = 3;

/**
 * Reads `weir.yaml`.
 * @param fileName  for messages
 * @throws {InvalidConfigError} with every problem that was found
 */
export function parseNodeConfig(text: string, fileName: string): NodeConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos }) => ({
      path: '',
      message,
      line: lines.linePos(pos[0]).line,
    }));
    throw new InvalidConfigError(fileName, problems);
  }
  const result = nodeSchema.safeParse(document.toJS() ?? {});
  if (result.success) return nodeConfigOf(result.data);
  const lineOf = (path: readonly PropertyKey[]) => lineAt(document, path, lines);
  throw new InvalidConfigError(
    fileName,
    result.error.issues.flatMap((issue) => problemsOf(issue, document, lineOf)),
  );
}

/**
 * Reads `weir.yaml` from a file.
 * @throws {ConfigError} CONFIG_UNREADABLE
 * @throws {InvalidConfigError}
 */
export async function loadNodeConfig(path: string): Promise<NodeConfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new ConfigError('CONFIG_UNREADABLE', `${path} can't be read: ${(cause as Error).message}`, {
      cause,
      details: { file: path },
    });
  }
  return parseNodeConfig(text, path);
}

/** JSON Schema of `weir.yaml`, for editors: `# yaml-language-server: $schema=weir.schema.json`. */
export function nodeConfigJsonSchema(): object {
  return { title: 'weir.yaml', ...z.toJSONSchema(nodeSchema, { io: 'input' }) };
}

function problemsOf(
  issue: z.core.$ZodIssue,
  document: Document,
  lineOf: (path: readonly PropertyKey[]) => number,
): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return { path: textOf(path), message: `is not a known key${suggestion(key)}`, line: lineOf(path) };
    });
  }
  const value = valueAt(document, issue.path);
  const message = value === undefined ? missing(issue) : `${JSON.stringify(value)} ${wrong(issue)}`;
  return [{ path: textOf(issue.path), message, line: lineOf(issue.path) }];
}

function missing(issue: z.core.$ZodIssue): string {
  return issue.code === 'custom' ? issue.message : 'is missing';
}

function wrong(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return ownOr(issue, `is not ${expectedType(issue.expected)}`);
    case 'invalid_value':
      return `is not one of ${issue.values.join(', ')}`;
    case 'too_small':
      return issue.origin === 'array' || issue.origin === 'string'
        ? ownOr(issue, 'is too short')
        : `is less than ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'string' ? `is longer than ${issue.maximum} characters` : `is more than ${issue.maximum}`;
    case 'invalid_union': {
      // Each alternative has its own complaint; the most telling is the one about the value and not about its type.
      const [alternative] = issue.errors
        .flat()
        .filter(({ code }) => code !== 'invalid_type' && code !== 'invalid_value');
      if (alternative !== undefined) return wrong(alternative);
      return `is not ${issue.errors.flat().map(alternativeText).join(' or ')}`;
    }
    default:
      return issue.message;
  }
}

function alternativeText(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type')
    return issue.message.startsWith('is not ') ? issue.message.slice(7) : expectedType(issue.expected);
  return issue.code === 'invalid_value'
    ? issue.values.map((value) => `"${String(value)}"`).join(' or ')
    : issue.message;
}

/** Messages of our own begin with a verb; zod's begin with a capital. */
function ownOr(issue: z.core.$ZodIssue, otherwise: string): string {
  return /^[a-z]/.test(issue.message) ? issue.message : otherwise;
}

function expectedType(expected: string): string {
  const names: Readonly<Record<string, string>> = {
    int: 'a whole number',
    number: 'a number',
    string: 'text',
    boolean: 'true or false',
    array: 'a list',
    object: 'a mapping',
  };
  return names[expected] ?? expected;
}

function suggestion(key: string): string {
  const closest = [...knownKeys()].sort((a, b) => leven(a, key) - leven(b, key))[0];
  return closest !== undefined && leven(closest, key) <= TYPO_LETTERS ? `; did you mean "${closest}"?` : '';
}

/** All keys that the schema knows, wherever they stand. */
function knownKeys(schema: object = nodeConfigJsonSchema(), found = new Set<string>()): Set<string> {
  for (const [key, value] of Object.entries(schema)) {
    if (typeof value !== 'object' || value === null) continue;
    if (key === 'properties') for (const name of Object.keys(value)) found.add(name);
    knownKeys(value, found);
  }
  return found;
}

function textOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text === '' ? '' : '.'}${String(part)}`),
    '',
  );
}

function valueAt(document: Document, path: readonly PropertyKey[]): unknown {
  const node = document.getIn(path, true);
  return isNode(node) ? node.toJS(document) : node;
}

/** Line of what stands at the path; of the nearest that exists above it, where it is missing. */
function lineAt(document: Document, path: readonly PropertyKey[], lines: LineCounter): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
