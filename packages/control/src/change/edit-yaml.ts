import { isDeepStrictEqual } from 'node:util';
import { Document, isMap, isNode, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import { keepLines } from './keep-lines.js';

/** No line is broken, however long. */
const AS_WRITTEN = { lineWidth: 0 };

/**
 * A YAML text that says something else, with what can stay as its author wrote it: comments, order, the look of what did not
 * change. Entries of lists that have a name are the same wherever they stand.
 * @param text    one document, without fault
 * @param wanted  plain values
 */
export function editYaml(text: string, wanted: unknown): string {
  const document = parseDocument(text);
  const before = document.toString(AS_WRITTEN);
  // Aliases: what stands behind one may be meant in another place too.
  if (/[&*]\w/.test(text)) return plainly(wanted, document as Document);
  if (isMap(document.contents)) setMap(document, document.contents, wanted as Fields);
  const after = document.toString(AS_WRITTEN);
  const kept = keepLines(text, before, after);
  if (saysSame(kept, wanted)) return kept;
  return saysSame(after, wanted) ? after : plainly(wanted, document as Document);
}

type Fields = Readonly<Record<string, unknown>>;

function setMap(document: Document, map: YAMLMap, wanted: Fields): void {
  const current = map.toJSON() as Fields;
  for (const key of Object.keys(current)) if (wanted[key] === undefined) map.delete(key);
  for (const [key, value] of Object.entries(wanted)) {
    if (value === undefined || isDeepStrictEqual(current[key], value)) continue;
    const node = map.get(key, true);
    if (isMap(node) && isFields(value)) setMap(document, node, value);
    else if (isSeq(node) && isNamed(value) && isNamed(current[key])) setNamedList(document, node, value);
    else setValue(document, map, key, value);
  }
}

/** A scalar keeps its comment. */
function setValue(document: Document, map: YAMLMap, key: string, value: unknown): void {
  const former: unknown = map.get(key, true);
  const node = document.createNode(value);
  if (isNode(former) && isNode(node)) {
    if (former.comment !== undefined) node.comment = former.comment;
    if (former.commentBefore !== undefined) node.commentBefore = former.commentBefore;
  }
  map.set(key, node);
}

function setNamedList(document: Document, list: YAMLSeq, wanted: readonly Fields[]): void {
  const former = new Map(list.items.flatMap((item) => (isMap(item) ? [[nameOf(item.toJSON() as Fields), item]] : [])));
  list.items = wanted.map((value) => {
    const item = former.get(nameOf(value));
    if (item === undefined) return document.createNode(value);
    setMap(document, item, value);
    return item;
  });
}

/** Fields that tell the entries of a list apart. */
export function nameOf({ name, address, port, vip, protocol }: Fields): string {
  return JSON.stringify(name === undefined ? [address, vip, protocol, port] : [name]);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNamed(value: unknown): value is readonly Fields[] {
  return Array.isArray(value) && value.every(isFields) && new Set(value.map(nameOf)).size === value.length;
}

function saysSame(text: string, wanted: unknown): boolean {
  const document = parseDocument(text);
  return document.errors.length === 0 && isDeepStrictEqual(document.toJS(), JSON.parse(JSON.stringify(wanted)));
}

/** The last resort: right, and without the comments inside. */
function plainly(wanted: unknown, { commentBefore }: Document): string {
  const document = new Document(wanted);
  document.commentBefore = commentBefore;
  return document.toString(AS_WRITTEN);
}
