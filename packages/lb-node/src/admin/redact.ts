const SECRET = /password$|secret$|^hashKey$|^hash_key$|^seed$|^hashSeed$|^hash_seed$/i;
const REDACTED = '(secret)';

/** The same with secrets left out: passwords, and what the hashes of flows are keyed with. `bigint` becomes text. */
export function redacted(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return withoutUrlPassword(value);
  if (value instanceof Date || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(redacted);
  if (value instanceof Map) return redacted(Object.fromEntries(value));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, SECRET.test(key) && inner !== '' ? REDACTED : redacted(inner)]),
  );
}

/** `redis://user:password@host`; JSON in a field is redacted within. */
function withoutUrlPassword(text: string): unknown {
  if (/^\s*[{[]/.test(text)) {
    try {
      return JSON.stringify(redacted(JSON.parse(text)));
    } catch {
      return text;
    }
  }
  return text.replace(/(:\/\/[^/@:\s]*:)[^/@\s]+@/g, `$1${REDACTED}@`);
}
