import { createHash } from 'node:crypto';
import { SpeakerError } from '../speaker-error.js';

/** RFC 5798, section 5.2.3: 1 to 255. */
const IDS = 255;

/**
 * The virtual router id of each VIP: that which it was given, else one that follows from its hash, else the next that is free.
 * The families have ids of their own. All nodes come to the same ids from the same VIPs; a VIP that is added changes none
 * but where two hashes meet.
 * @throws {SpeakerError} ROUTER_IDS_EXHAUSTED
 */
export function routerIdsOf(
  vips: readonly string[],
  given: Readonly<Record<string, number>>,
): ReadonlyMap<string, number> {
  const isIpv6 = (vip: string) => vip.includes(':');
  return new Map([
    ...idsOfFamily(vips.filter(isIpv6), given, 'IPv6'),
    ...idsOfFamily(
      vips.filter((vip) => !isIpv6(vip)),
      given,
      'IPv4',
    ),
  ]);
}

function idsOfFamily(
  vips: readonly string[],
  given: Readonly<Record<string, number>>,
  family: string,
): ReadonlyMap<string, number> {
  if (vips.length > IDS) {
    throw new SpeakerError(
      'ROUTER_IDS_EXHAUSTED',
      `there are ${vips.length} VIPs of ${family}, and VRRP has ids for ${IDS} on a network; spread them over more networks, or announce them by BGP`,
      { details: { family, vips: vips.length } },
    );
  }
  const ids = new Map(vips.flatMap((vip) => (given[vip] === undefined ? [] : [[vip, given[vip]] as const])));
  const taken = new Set(ids.values());
  for (const vip of vips.filter((vip) => !ids.has(vip)).sort()) {
    let id = hashOf(vip);
    while (taken.has(id)) id = (id % IDS) + 1;
    ids.set(vip, id);
    taken.add(id);
  }
  return ids;
}

function hashOf(vip: string): number {
  return (createHash('sha256').update(vip).digest().readUInt32BE(0) % IDS) + 1;
}
