import { isDeepStrictEqual } from 'node:util';
import { isFields, nameOf } from './edit-yaml.js';

/**
 * A value as the author of weir.yaml would write it: `${env:NAME}` stands where the value still says what the environment
 * says. Without it a secret of the environment would come to stand in the file.
 * @param before   what the file says, with values of the environment
 * @param written  the same as it stands there
 */
export function withEnvironmentReferences(value: unknown, before: unknown, written: unknown): unknown {
  if (isDeepStrictEqual(value, before)) return written;
  if (Array.isArray(value) && Array.isArray(before) && Array.isArray(written)) {
    return value.map((entry: unknown, i) => {
      const at = formerPlace(entry, i, before);
      return withEnvironmentReferences(entry, before[at], written[at]);
    });
  }
  if (!isFields(value) || !isFields(before) || !isFields(written)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, withEnvironmentReferences(field, before[key], written[key])]),
  );
}

/** Where an entry of a list stood that others may have left, or come to. */
function formerPlace(entry: unknown, place: number, before: readonly unknown[]): number {
  const same = before.findIndex((former) => isDeepStrictEqual(former, entry));
  if (same !== -1 || !isFields(entry)) return same === -1 ? place : same;
  const named = before.findIndex((former) => isFields(former) && nameOf(former) === nameOf(entry));
  return named === -1 ? place : named;
}
