import type { Contradiction, SoundParts } from '../contradiction.js';
import { repeated } from '../repeated.js';
import { type AddressRange, parseAddressRange } from './address-range.js';

/** What can't be had together in `kubernetes`. */
export function kubernetesContradictions({ kubernetes }: SoundParts): Contradiction[] {
  if (kubernetes === undefined) return [];
  const { pools, kubeconfig, context, namespaces } = kubernetes;
  return [
    ...repeated(pools.map(({ name }) => name)).map(([at, first]) => ({
      path: ['pools', at, 'name'],
      message: `is the name of kubernetes.pools[${first}] too`,
    })),
    ...repeated(namespaces).map(([at, first]) => ({
      path: ['namespaces', at],
      message: `is kubernetes.namespaces[${first}] too`,
    })),
    ...overlaps(pools),
    ...(context !== undefined && kubeconfig === undefined
      ? [{ path: ['context'], message: 'has no meaning without a kubeconfig; give kubeconfig' }]
      : []),
  ].map(({ path, message }) => ({ path: ['kubernetes', ...path], message }));
}

type Pools = NonNullable<SoundParts['kubernetes']>['pools'];

/** An address of two pools would be of neither. */
function overlaps(pools: Pools): Contradiction[] {
  const placed = pools.flatMap(({ addresses }, poolAt) =>
    addresses.map((text, at) => ({ poolAt, at, range: parseAddressRange(text) })),
  );
  return placed.flatMap((later, i) => {
    const earlier = placed.slice(0, i).find(({ range }) => haveCommon(range, later.range));
    if (earlier === undefined) return [];
    const place = `kubernetes.pools[${earlier.poolAt}].addresses[${earlier.at}]`;
    return [{ path: ['pools', later.poolAt, 'addresses', later.at], message: `has addresses of ${place} too` }];
  });
}

function haveCommon(a: AddressRange, b: AddressRange): boolean {
  return a.isIpv6 === b.isIpv6 && a.first <= b.last && b.first <= a.last;
}
