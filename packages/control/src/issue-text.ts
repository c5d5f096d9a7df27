import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** Says what is wrong with a value, as the end of a sentence that begins with the value: `is not an IP address`. */
export function issueText(issue: Issue): string {
  if (isOwn(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `is not ${typeName(issue.expected)}`;
    case 'invalid_value':
      return `is not one of ${issue.values.join(', ')}`;
    case 'too_small':
      return issue.origin === 'array' || issue.origin === 'string' ? 'is too short' : `is less than ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'string' ? `is longer than ${issue.maximum} characters` : `is more than ${issue.maximum}`;
    case 'invalid_union':
      return unionText(issue.errors.flat());
    default:
      return issue.message;
  }
}

/** Each alternative has its own complaint; the most telling is the one about the value and not about its type. */
function unionText(alternatives: readonly Issue[]): string {
  const telling = alternatives.find(({ code }) => code !== 'invalid_type' && code !== 'invalid_value');
  if (telling !== undefined) return issueText(telling);
  const whole = alternatives.find(({ message }) => isOwn(message));
  return whole?.message ?? `is not ${alternatives.map(alternativeText).join(' or ')}`;
}

function alternativeText(issue: Issue): string {
  if (issue.code === 'invalid_type') return typeName(issue.expected);
  return issue.code === 'invalid_value'
    ? issue.values.map((value) => `"${String(value)}"`).join(' or ')
    : issue.message;
}

/** Messages of the schema begin with a verb; zod's own begin with a capital. */
function isOwn(message: string): boolean {
  return /^[a-z]/.test(message);
}

const typeNames: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
};

function typeName(expected: string): string {
  return typeNames[expected] ?? expected;
}
