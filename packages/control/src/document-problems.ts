import type { z } from 'zod';
import type { ConfigProblem } from './config-error.js';
import type { Contradiction } from './contradiction.js';
import { issueText } from './issue-text.js';
import { suggestedKey } from './key-suggestion.js';
import { pathText } from './path-text.js';
import type { Path, YamlDocument } from './yaml-document.js';

/** A document, and where in it something stands. */
export type WrittenDocument = Omit<YamlDocument, 'problems'>;

/** Longer text is cut in messages. */
const SHOWN_CHARACTERS = 80;

/**
 * What an issue of a schema says of a document, in words of its author.
 * @param jsonSchema  of the document; asked where a key is not known, for the one that was meant
 */
export function problemsOf(
  issue: z.core.$ZodIssue,
  document: WrittenDocument,
  jsonSchema: () => object,
): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const suggestion = suggestedKey(jsonSchema(), issue.path, key);
      const message = `is not a known key${suggestion === undefined ? '' : `; did you mean "${suggestion}"?`}`;
      return { path: pathText(path), message, line: document.lineOfKey(path) };
    });
  }
  const meant = issue.code === 'invalid_union' ? meantAlternative(issue.errors) : undefined;
  if (meant !== undefined) {
    return meant.flatMap((inner) =>
      problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, document, jsonSchema),
    );
  }
  return [problemAt(issue.path, document, issueText(issue), 'is missing')];
}

/** Of a value that may be several things: what is wrong within it, if it is one of them as a whole. */
function meantAlternative(alternatives: readonly (readonly z.core.$ZodIssue[])[]) {
  return alternatives.find((issues) =>
    issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
  );
}

/** The same of what is wrong between its values. */
export function contradictionProblem({ path, message }: Contradiction, document: WrittenDocument): ConfigProblem {
  return problemAt(path, document, message, message);
}

/** @param ofMissing  what is wrong where nothing stands at the path */
function problemAt(path: Path, document: WrittenDocument, ofValue: string, ofMissing: string): ConfigProblem {
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
