import { isDeepStrictEqual } from 'node:util';
import type { BackendInput, CheckInput } from './placed-service.js';

/** Checks of single backends as weir.yaml has them: what all have in common stands at the service. */
export interface SharedChecks {
  readonly shared: CheckInput | undefined;
  /** Of each backend. */
  readonly own: readonly BackendInput['healthCheck'][];
}

/** @param checks  of each backend; undefined: it has none */
export function shareChecks(checks: readonly (CheckInput | undefined)[]): SharedChecks {
  const [first, ...others] = checks.filter((check) => check !== undefined);
  const shared = first === undefined ? undefined : commonCheck(first, others);
  if (shared === undefined) return { shared, own: checks };
  return { shared, own: checks.map((check) => (check === undefined ? 'off' : ownKeys(check, shared))) };
}

/** Undefined: what they have in common is no check by itself. */
function commonCheck(first: CheckInput, others: readonly CheckInput[]): CheckInput | undefined {
  const isCommon = (key: keyof CheckInput) => others.every((other) => isDeepStrictEqual(other[key], first[key]));
  const entries = Object.entries(first).filter(([key]) => isCommon(key as keyof CheckInput));
  const { kind, ...common } = Object.fromEntries(entries) as Partial<CheckInput>;
  if (kind === undefined) return undefined;
  if (kind === 'dns' && common.name === undefined) return undefined;
  if (kind === 'script' && common.command === undefined) return undefined;
  if (common.interval !== undefined) return { kind, ...common };
  // Both have to be shorter than an interval, and the default one is short.
  const { fastInterval: _fastInterval, timeout: _timeout, ...timeless } = common;
  return { kind, ...timeless };
}

function ownKeys(check: CheckInput, shared: CheckInput): BackendInput['healthCheck'] {
  const entries = Object.entries(check).filter(([key]) => !(key in shared));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
