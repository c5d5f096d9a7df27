import type { AnnounceConfig } from './announce-config.js';
import type { NodeDocument } from './node-schema.js';
import { definedOf } from './plain-values.js';

type BgpDocument = NonNullable<NodeDocument['bgp']>;

/** What routers take for a route that says nothing. */
export const USUAL_LOCAL_PREFERENCE = 100;

const PREPEND = 3;
const MED_MORE = 100;
const MED_MAX = 4_294_967_295;

/**
 * Attributes of a route that is to be taken only while a better one of another node is missing. AS paths of equal length
 * would be balanced; within one AS, where a path with the own number is a loop (RFC 4271, section 9), the preference decides.
 */
export function backupRouteOf({ asn, peers, announce, backupPools }: BgpDocument): AnnounceConfig {
  const own = definedOf(announce);
  const isWithinAs = peers.some((peer) => peer.asn === asn);
  const prepend = (own.prepend ?? 0) + (backupPools.prepend ?? (isWithinAs ? 0 : PREPEND));
  const byDefault = isWithinAs
    ? {
        med: Math.min((own.med ?? 0) + MED_MORE, MED_MAX),
        localPreference: Math.floor((own.localPreference ?? USUAL_LOCAL_PREFERENCE) / 2),
      }
    : {};
  const { prepend: _, ...chosen } = definedOf(backupPools);
  return { ...own, ...byDefault, ...chosen, prepend };
}
