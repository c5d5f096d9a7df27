import type { Contradiction } from './contradiction.js';

/** What can't be had together in a section `tls`; paths are relative to what it stands in. */
export function tlsContradictions(
  tls: boolean | { readonly certificate?: string | undefined; readonly key?: string | undefined },
): Contradiction[] {
  if (typeof tls === 'boolean') return [];
  const alone = (key: 'certificate' | 'key', missing: 'certificate' | 'key'): Contradiction[] =>
    tls[key] !== undefined && tls[missing] === undefined
      ? [{ path: ['tls', key], message: `is of no use without tls.${missing}; give both, or neither` }]
      : [];
  return [...alone('certificate', 'key'), ...alone('key', 'certificate')];
}
