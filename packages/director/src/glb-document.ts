import { z } from 'zod';
import { GlbError, type GlbProblem } from './glb-error.js';

/** Values of these keys are not shown. */
const secretKeys: readonly PropertyKey[] = ['hash_key', 'seed'];

/**
 * Reads one of GLB's JSON files by its schema.
 * @throws {GlbError} GLB_CONFIG_INVALID with all problems, one a line; `details.problems` has them as data
 */
export function parseGlbDocument<T>(text: string, schema: z.ZodType<T>): T {
  const value = parseJson(text);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(result.error.issues.flatMap((issue) => problemsOf(issue, value)));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid([{ path: '', message: `is not JSON: ${(error as Error).message}` }], error);
  }
}

function problemsOf(issue: z.core.$ZodIssue, value: unknown): GlbProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: z.core.toDotPath([...issue.path, key]),
      message: 'is not a key that GLB has here',
    }));
  }
  const found = issue.path.reduce<unknown>(
    (part, key) => (part as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  return [
    { path: z.core.toDotPath(issue.path), message: `${shown(found, issue.path.at(-1))} ${complaint(issue, found)}` },
  ];
}

/** A value as messages show it; of a secret, its length. */
function shown(value: unknown, key: PropertyKey | undefined): string {
  if (value === undefined) return 'is missing: it';
  if (typeof value === 'string' && key !== undefined && secretKeys.includes(key)) {
    return `its value of ${value.length} characters`;
  }
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'it' : JSON.stringify(value).slice(0, 80);
}

const typeNames: Readonly<Record<string, string>> = {
  int: 'a whole number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/** The end of a sentence that begins with the value. Own messages begin with a verb, zod's with a capital. */
function complaint(issue: z.core.$ZodIssue, value: unknown): string {
  if (/^[a-z]/.test(issue.message)) return issue.message;
  const is = value === undefined ? 'has to be' : 'is not';
  switch (issue.code) {
    case 'invalid_type':
      return `${is} ${typeNames[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `${is} one of ${issue.values.join(', ')}`;
    case 'too_small':
      return `is less than ${issue.minimum}`;
    case 'too_big':
      return `is more than ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function invalid(problems: readonly GlbProblem[], cause?: unknown): GlbError {
  const lines = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return new GlbError('GLB_CONFIG_INVALID', lines.join('\n'), { details: { problems }, cause });
}
