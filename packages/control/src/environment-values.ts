import type { ConfigProblem } from './config-error.js';
import { pathText } from './path-text.js';
import type { Path, YamlDocument } from './yaml-document.js';

/** `${env:NAME}`, as often as it stands in a text. */
const REFERENCE = /\$\{env:([^}]*)\}/g;

/**
 * The document with `${env:NAME}` in its texts replaced by the environment variable NAME: so one weir.yaml serves nodes
 * that differ in name and addresses, as those of a DaemonSet do, and passwords need not stand in it. Keys stay as they
 * are. What a variable holds is text and never YAML: it can't bring in keys of its own.
 * @returns a document with a problem for each variable that is not set, or empty
 */
export function withEnvironmentValues(
  document: YamlDocument,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): YamlDocument {
  if (document.value === undefined) return document;
  const problems: ConfigProblem[] = [];
  const value = filled(document.value, [], (text, path) =>
    text.replace(REFERENCE, (reference, name: string) => {
      const found = environment[name];
      if (found !== undefined && found !== '') return found;
      const message = `${reference} needs the environment variable ${JSON.stringify(name)}, which is not set or empty`;
      problems.push({ path: pathText(path), message, line: document.lineOfValue(path) });
      return reference;
    }),
  );
  return problems.length === 0 ? { ...document, value } : { ...document, value: undefined, problems };
}

function filled(value: unknown, path: Path, fill: (text: string, path: Path) => string): unknown {
  if (typeof value === 'string') return fill(value, path);
  if (Array.isArray(value)) return value.map((entry, i) => filled(entry, [...path, i], fill));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, filled(entry, [...path, key], fill)]));
}
