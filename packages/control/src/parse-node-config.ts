import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ConfigError, InvalidConfigError } from './config-error.js';
import type { SoundParts } from './contradiction.js';
import { contradictions } from './contradictions.js';
import { contradictionProblem, problemsOf, type WrittenDocument } from './document-problems.js';
import { withEnvironmentValues } from './environment-values.js';
import { type NodeConfig, nodeConfigOf } from './node-config.js';
import { type NodeDocument, type NodeInput, nodeSchema } from './node-schema.js';
import { serviceSchema } from './service-schema.js';
import { parseYaml } from './yaml-document.js';

/**
 * Reads `weir.yaml`.
 * @param fileName  for messages
 * @throws {InvalidConfigError} with every problem that was found
 */
export function parseNodeConfig(text: string, fileName: string): NodeConfig {
  return nodeConfigOf(parseNodeDocument(text, fileName));
}

/**
 * Reads `weir.yaml` as its author wrote it, with defaults filled in, checked as a whole.
 * @throws {InvalidConfigError}
 */
export function parseNodeDocument(text: string, fileName: string): NodeDocument {
  return parseWrittenNode(text, fileName).document;
}

/** `weir.yaml` in all its forms. */
export interface WrittenNode {
  readonly text: string;
  /** What the text says, with `${env:NAME}` as it stands there; only checked with values of the environment. */
  readonly asItStands: NodeInput;
  /** As its author wrote it, with values of the environment, before defaults and units. */
  readonly written: NodeInput;
  readonly document: NodeDocument;
}

/**
 * The same with what it was read from.
 * @throws {InvalidConfigError}
 */
export function parseWrittenNode(text: string, fileName: string): WrittenNode {
  const asItStands = parseYaml(text);
  const yaml = withEnvironmentValues(asItStands);
  if (yaml.value === undefined) throw new InvalidConfigError(fileName, yaml.problems);
  return {
    text,
    asItStands: asItStands.value as NodeInput,
    written: yaml.value as NodeInput,
    document: checkedNodeDocument(yaml, fileName),
  };
}

/**
 * What a document says, with defaults filled in, checked as a whole.
 * @throws {InvalidConfigError}
 */
export function checkedNodeDocument(written: WrittenDocument, fileName: string): NodeDocument {
  const result = nodeSchema.safeParse(written.value);
  const problems = [
    ...(result.error?.issues ?? []).flatMap((issue) => problemsOf(issue, written, nodeConfigJsonSchema)),
    ...contradictions(result.success ? allParts(result.data) : soundParts(written.value)).map((found) =>
      contradictionProblem(found, written),
    ),
  ];
  if (problems.length > 0 || !result.success) throw new InvalidConfigError(fileName, problems);
  return result.data;
}

/**
 * Reads `weir.yaml` from a file.
 * @throws {ConfigError} CONFIG_UNREADABLE
 * @throws {InvalidConfigError}
 */
export async function loadNodeConfig(path: string): Promise<NodeConfig> {
  return nodeConfigOf(await loadNodeDocument(path));
}

/**
 * The same as its author wrote it, see {@link parseNodeDocument}.
 * @throws {ConfigError} CONFIG_UNREADABLE
 * @throws {InvalidConfigError}
 */
export async function loadNodeDocument(path: string): Promise<NodeDocument> {
  return (await loadWrittenNode(path)).document;
}

/**
 * The same with what it was read from, see {@link parseWrittenNode}.
 * @throws {ConfigError} CONFIG_UNREADABLE
 * @throws {InvalidConfigError}
 */
export async function loadWrittenNode(path: string): Promise<WrittenNode> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new ConfigError('CONFIG_UNREADABLE', `${path} can't be read: ${(cause as Error).message}`, {
      cause,
      details: { file: path },
    });
  }
  return parseWrittenNode(text, path);
}

/** JSON Schema of `weir.yaml`, for editors: `# yaml-language-server: $schema=weir.schema.json`. */
export function nodeConfigJsonSchema(): object {
  return { title: 'weir.yaml', ...z.toJSONSchema(nodeSchema, { io: 'input' }) };
}

/** Of a document that is sound as a whole. */
export function allParts({ services = [], ...parts }: NodeDocument): SoundParts {
  const { node, dataplane, guard, bgp, vrrp, nodes, state, etcd, kubernetes, metrics, admin } = parts;
  return {
    node,
    dataplane,
    guard,
    bgp,
    vrrp,
    nodes,
    state,
    etcd,
    kubernetes,
    metrics,
    admin,
    services: new Map(services.entries()),
  };
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
  const { node, dataplane, guard, bgp, vrrp, nodes, state, etcd, kubernetes, metrics, admin } = nodeSchema.shape;
  const soundPart = <T extends z.ZodType>(schema: T, key: string): z.output<T> | undefined =>
    schema.safeParse((value as Record<string, unknown> | null)?.[key]).data;
  return {
    services: new Map(services),
    node: soundPart(node, 'node'),
    dataplane: soundPart(dataplane, 'dataplane'),
    guard: soundPart(guard, 'guard'),
    bgp: soundPart(bgp, 'bgp'),
    vrrp: soundPart(vrrp, 'vrrp'),
    nodes: soundPart(nodes, 'nodes'),
    state: soundPart(state, 'state'),
    etcd: soundPart(etcd, 'etcd'),
    kubernetes: soundPart(kubernetes, 'kubernetes'),
    metrics: soundPart(metrics, 'metrics'),
    admin: soundPart(admin.optional(), 'admin'),
  };
}
