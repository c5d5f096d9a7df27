import leven from 'leven';
import type { Path } from './yaml-document.js';

/** The part of a JSON Schema that leads from a mapping to its keys. */
interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  /** What a value may be instead. */
  readonly anyOf?: readonly SchemaNode[];
}

/**
 * The key that was probably meant: of those that the mapping knows, the one that takes the fewest edits, if they are
 * few for its length.
 * @param mapping  path of the mapping that the unknown key stands in
 */
export function suggestedKey(schema: object, mapping: Path, unknown: string): string | undefined {
  let node: SchemaNode | undefined = schema;
  for (const part of mapping) {
    node = meantNode(typeof part === 'number' ? node?.items : node?.properties?.[String(part)]);
  }
  const [closest] = Object.keys(node?.properties ?? {})
    .map((key) => ({ key, edits: leven(key.toLowerCase(), unknown.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  if (closest === undefined) return undefined;
  return closest.edits <= Math.max(1, Math.floor(closest.key.length / 3)) ? closest.key : undefined;
}

/** Of several that a value may be, the mapping or the list. */
function meantNode(node: SchemaNode | undefined): SchemaNode | undefined {
  return node?.anyOf?.find(({ properties, items }) => properties !== undefined || items !== undefined) ?? node;
}
