import { type FieldViolation, invalid } from './admin-error.js';

type Message = Readonly<Record<string, unknown>>;

/**
 * A message with some fields of another one. A path may go on into a field that is a message itself.
 * @param paths  as google.protobuf.FieldMask has them, `health_check.interval`; `healthCheck.interval` too
 * @param known  a message with all its fields, and in those that are messages all of theirs, whatever they say
 * @throws {AdminError} INVALID_ARGUMENT: a path names no field
 */
export function withFields<T extends object>(message: T, other: T, paths: readonly string[], known: T): T {
  const wrong: FieldViolation[] = [];
  const merged = paths.reduce<Message>((result, path) => {
    const keys = path.split('.').map(camelCase);
    if (!isField(keys, known)) {
      wrong.push({ field: 'updateMask', description: `${JSON.stringify(path)} is not a field of it` });
      return result;
    }
    return withField(result, other as Message, keys);
  }, message as Message);
  if (wrong.length > 0) throw invalid(wrong);
  return merged as T;
}

/** A path does not go on into a list or a plain value. */
function isField([key = '', ...rest]: readonly string[], known: unknown): boolean {
  if (typeof known !== 'object' || known === null || Array.isArray(known) || !Object.hasOwn(known, key)) return false;
  return rest.length === 0 || isField(rest, (known as Message)[key]);
}

function withField(message: Message, other: Message | undefined, [key = '', ...rest]: readonly string[]): Message {
  const value = other?.[key];
  if (rest.length === 0) return { ...message, [key]: value };
  // Empty, a message that was not there would be there: `pinning` would be on.
  if (message[key] === undefined && value === undefined) return message;
  return { ...message, [key]: withField((message[key] ?? {}) as Message, value as Message | undefined, rest) };
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
