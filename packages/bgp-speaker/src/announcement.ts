import { isDeepStrictEqual } from 'node:util';
import { type BgpPath, canonicalPath, parseCommunity } from '@weir/gobgp-client';
import { SpeakerError } from './speaker-error.js';

/** A route to one address, a VIP or a local address of fullnat, to be told to all peers. */
export interface Announcement {
  /** `198.51.100.10/32` or `2001:db8::10/128`. */
  readonly prefix: string;
  /** Default: the speaker's next hop of that family. */
  readonly nextHop?: string;
  /** `64512:100`, or names such as `no-export`. */
  readonly communities?: readonly string[];
  readonly med?: number;
  /** Times that the own AS number is put in front of the AS path once more. */
  readonly prepend?: number;
  readonly localPreference?: number;
}

/** What an announcement leaves open. */
export interface AnnouncementDefaults {
  readonly asn: number;
  readonly nextHop: { readonly ipv4?: string; readonly ipv6?: string };
}

/**
 * @throws {SpeakerError} NEXT_HOP_MISSING
 * @throws {GobgpError} PATH_INVALID
 */
export function pathOf(announcement: Announcement, { asn, nextHop: nextHops }: AnnouncementDefaults): BgpPath {
  const { prefix, communities, med, prepend = 0, localPreference } = announcement;
  const family = prefix.includes(':') ? 'ipv6' : 'ipv4';
  const nextHop = announcement.nextHop ?? nextHops[family];
  if (nextHop === undefined) {
    throw new SpeakerError(
      'NEXT_HOP_MISSING',
      `${prefix} can't be announced without an ${family === 'ipv4' ? 'IPv4' : 'IPv6'} next hop; set the node's address of that family, or the announcement's next hop`,
      { details: { prefix } },
    );
  }
  // Canonical, as gobgpd lists it: with another spelling the path would be withdrawn and announced at each set.
  return canonicalPath({
    prefix,
    nextHop,
    ...(communities === undefined ? {} : { communities }),
    ...(med === undefined ? {} : { med }),
    ...(localPreference === undefined ? {} : { localPreference }),
    asPath: Array.from({ length: prepend }, () => asn),
  });
}

/** What has to be told to a speaker that announces `current`, so that it announces `wanted`. */
export interface PathDifference {
  /** New, or with other attributes: adding a path replaces the one to the same prefix. */
  readonly add: readonly BgpPath[];
  readonly remove: readonly BgpPath[];
}

export function pathDifference(current: readonly BgpPath[], wanted: readonly BgpPath[]): PathDifference {
  const currentByPrefix = new Map(current.map((path) => [path.prefix, path]));
  const wantedPrefixes = new Set(wanted.map(({ prefix }) => prefix));
  return {
    add: wanted.filter((path) => !isSamePath(currentByPrefix.get(path.prefix), path)),
    remove: current.filter(({ prefix }) => !wantedPrefixes.has(prefix)),
  };
}

function isSamePath(a: BgpPath | undefined, b: BgpPath): boolean {
  return a !== undefined && isDeepStrictEqual(comparable(a), comparable(b));
}

/** Communities are a set, and a name is a number. */
function comparable(path: BgpPath): object {
  return { ...path, communities: new Set(path.communities?.map(parseCommunity)) };
}
