import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ConfigError, type ConfigProblem, InvalidConfigError } from './config-error.js';
import type { Contradiction, SoundParts } from './contradiction.js';
import { contradictions } from './contradictions.js';
import { issueText } from './issue-text.js';
import { suggestedKey } from './key-suggestion.js';
import { type NodeConfig, nodeConfigOf } from './node-config.js';
import { type NodeDocument, nodeSchema } from './node-schema.js';
import { pathText } from './path-text.js';
import { serviceSchema } from './service-schema.js';
import { type Path, parseYaml, type YamlDocument } from './yaml-document.js';

/** Longer text is cut in messages. */
const SHOWN_CHARACTERS = 80;

/**
 * Reads `weir.yaml`.
 * @param fileName  for messages
 * @throws {InvalidConfigError} with every problem that was found
 */
export function parseNodeConfig(text: string, fileName: string): NodeConfig {
  const document = parseYaml(text);
  if (document.value === undefined) throw new InvalidConfigError(fileName, document.problems);
  const result = nodeSchema.safeParse(document.value);
  const problems = [
    ...(result.error?.issues ?? []).flatMap((issue) => problemsOf(issue, document)),
    ...contradictions(result.success ? allParts(result.data) : soundParts(document.value)).map((found) =>
      contradictionProblem(found, document),
    ),
  ];
  if (problems.length > 0 || !result.success) throw new InvalidConfigError(fileName, problems);
  return nodeConfigOf(result.data);
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

function allParts({ node, dataplane, guard, bgp, nodes, state, services }: NodeDocument): SoundParts {
  return { node, dataplane, guard, bgp, nodes, state, services: new Map(services.entries()) };
}

/** Problems of one part do not hide those between the others. */
function soundParts(value: unknown): SoundParts {
  const raw = z
    .object({ services: z.array(z.unknown()).catch([]) })
    .catch({ services: [] })
    .parse(value);
  const services = raw.services.flatMap((service, i) => {
    const { success, data } = serviceSchema.safeParse(service);
    return success ? [[i, data] as const] : [];
  });
  const { node, dataplane, guard, bgp, nodes, state } = nodeSchema.shape;
  const soundPart = <T extends z.ZodType>(schema: T, key: string): z.output<T> | undefined =>
    schema.safeParse((value as Record<string, unknown> | null)?.[key]).data;
  return {
    services: new Map(services),
    node: soundPart(node, 'node'),
    dataplane: soundPart(dataplane, 'dataplane'),
    guard: soundPart(guard, 'guard'),
    bgp: soundPart(bgp, 'bgp'),
    nodes: soundPart(nodes, 'nodes'),
    state: soundPart(state, 'state'),
  };
}

function problemsOf(issue: z.core.$ZodIssue, document: YamlDocument): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const suggestion = suggestedKey(nodeConfigJsonSchema(), issue.path, key);
      const message = `is not a known key${suggestion === undefined ? '' : `; did you mean "${suggestion}"?`}`;
      return { path: pathText(path), message, line: document.lineOfKey(path) };
    });
  }
  return [problemAt(issue.path, document, issueText(issue), 'is missing')];
}

function contradictionProblem({ path, message }: Contradiction, document: YamlDocument): ConfigProblem {
  return problemAt(path, document, message, message);
}

/** @param ofMissing  what is wrong where nothing stands at the path */
function problemAt(path: Path, document: YamlDocument, ofValue: string, ofMissing: string): ConfigProblem {
  const place = { path: pathText(path), line: document.lineOfValue(path) };
  const value = valueAt(document.value, path);
  if (value === undefined) return { ...place, message: ofMissing };
  if (/password$/i.test(String(path.at(-1)))) return { ...place, message: `(not shown) ${ofValue}` };
  if (typeof value === 'object' && value !== null) return { ...place, message: `${collectionText(value)} ${ofValue}` };
  const scalar = value as string | number | boolean | null;
  return { ...place, message: `${scalarText(scalar, document.numberText(path))} ${ofValue}`, value: scalar };
}

/** Without what is in it: that may be long, and secret. */
function collectionText(value: object): string {
  const inside = Object.keys(value).length === 0 ? '' : '…';
  return Array.isArray(value) ? `[${inside}]` : `{${inside}}`;
}

function scalarText(value: string | number | boolean | null, numberText: string | undefined): string {
  if (typeof value !== 'string') return numberText ?? String(value);
  return JSON.stringify(value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value);
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) => (value as Record<PropertyKey, unknown> | null | undefined)?.[part],
    root,
  );
}
