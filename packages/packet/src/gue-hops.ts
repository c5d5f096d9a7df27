import { hasBytes, viewFrom } from './decoded.js';
import { IpProtocol } from './ipv4.js';

/** UDP destination port of GLB's tunnel from director to member (GLB director, docs/setup/forwarding-table-config.md). */
export const GUE_HOPS_UDP_PORT = 19_523;
/** GUE's header and the private data before the hops. */
export const GUE_HOPS_BYTES_MIN = 8;

/** Private data types: GLB's, with IPv4 hops, and Weir's, with IPv6 hops. */
export const GueHopsType = { ipv4: 0, ipv6: 1 } as const;

const Field = { protocol: 1, flags: 2, privateType: 4, nextHop: 6, hopCount: 7 } as const;
const VARIANT_AND_CONTROL = 0xe0;
const HEADER_WORDS_MAX = 0x1f;

/**
 * GUE variant 0 with the members still to try, after the UDP header (GLB director, docs/development/gue-header.md):
 * ```
 *  0   2 3         8               16              24             32
 * +---+-+---------+---------------+-------------------------------+
 * | 0 |0|  Hlen   |  proto: 4, 41 |            flags: 0           |
 * +---+-+---------+---------------+---------------+---------------+
 * |   private type: 0 or 1        |   next hop    |   hop count   |
 * +-------------------------------+---------------+---------------+
 * |              hop 0: 4 bytes (type 0), 16 bytes (type 1)       |
 * |                              ...                              |
 * +---------------------------------------------------------------+
 * ```
 * Hlen, in words of 4 bytes, is 1 + hop count (type 0) or 1 + 4 x hop count (type 1). The outer destination is the first choice;
 * the hops are the others. A member that does not accept sends on to hop `nextHop`, from its own address, and raises it.
 */
export interface GueHops {
  /** Of the outer packet and of all hops. */
  readonly family: 4 | 6;
  /** What is carried: 4 or 41. */
  readonly protocol: number;
  /** The hop to try next; as many as there are hops: none is left. */
  readonly nextHop: number;
  /** 4 or 16 bytes each, network order; at most {@link gueHopsMax}. */
  readonly hops: readonly Uint8Array[];
}

/** Why a header is refused; counters carry these names. */
export type GueHopsFailure =
  /** Cut off before the end that it claims. */
  | 'truncated'
  /** Not variant 0, or a control message. */
  | 'variant'
  /** Neither IPv4 nor IPv6 is carried. */
  | 'protocol'
  /** Flags that GLB never sets: extension fields would come before the hops. */
  | 'flags'
  | 'private_type'
  /** Hlen and hop count disagree: hops beyond the header, or bytes after them. */
  | 'hop_count'
  /** The next hop is beyond the hop count. */
  | 'next_hop';

export type DecodedGueHops =
  | { readonly ok: true; readonly header: GueHops; readonly payloadOffset: number }
  | { readonly ok: false; readonly reason: GueHopsFailure };

/** Most hops that a header holds: 30 of IPv4, 7 of IPv6. */
export function gueHopsMax(family: 4 | 6): number {
  return Math.floor((HEADER_WORDS_MAX - 1) / hopWords(family));
}

export function gueHopsBytes({ family, hops }: Pick<GueHops, 'family' | 'hops'>): number {
  return GUE_HOPS_BYTES_MIN + hops.length * hopWords(family) * 4;
}

/**
 * Writes the header; returns where the payload begins.
 * @throws RangeError  more hops than fit, a hop of the other family, or a next hop beyond them
 */
export function encodeGueHops(header: GueHops, bytes: Uint8Array, offset = 0): number {
  const { family, protocol, nextHop, hops } = header;
  if (hops.length > gueHopsMax(family)) {
    throw new RangeError(`a GUE header holds at most ${gueHopsMax(family)} hops of IPv${family}, not ${hops.length}`);
  }
  if (!Number.isInteger(nextHop) || nextHop < 0 || nextHop > hops.length) {
    throw new RangeError(`the next hop is one of 0 to ${hops.length}, not ${nextHop}`);
  }
  const words = hopWords(family);
  const view = viewFrom(bytes, offset);
  view.setUint8(0, 1 + hops.length * words);
  view.setUint8(Field.protocol, protocol);
  view.setUint16(Field.flags, 0);
  view.setUint16(Field.privateType, family === 4 ? GueHopsType.ipv4 : GueHopsType.ipv6);
  view.setUint8(Field.nextHop, nextHop);
  view.setUint8(Field.hopCount, hops.length);
  let at = offset + GUE_HOPS_BYTES_MIN;
  for (const hop of hops) {
    if (hop.byteLength !== words * 4) {
      throw new RangeError(`a hop of IPv${family} has ${words * 4} bytes, not ${hop.byteLength}`);
    }
    bytes.set(hop, at);
    at += hop.byteLength;
  }
  return at;
}

/** Reads what follows a UDP header, in the order of the fields. What is not exactly as above is refused. */
export function decodeGueHops(bytes: Uint8Array, offset = 0): DecodedGueHops {
  if (!hasBytes(bytes, offset, 4)) return refused('truncated');
  const view = viewFrom(bytes, offset);
  const first = view.getUint8(0);
  if ((first & VARIANT_AND_CONTROL) !== 0) return refused('variant');
  const protocol = view.getUint8(Field.protocol);
  if (protocol !== IpProtocol.ipv4 && protocol !== IpProtocol.ipv6) return refused('protocol');
  if (view.getUint16(Field.flags) !== 0) return refused('flags');
  const headerWords = first & HEADER_WORDS_MAX;
  // Without private data there is no list, not even an empty one.
  if (headerWords === 0) return refused('hop_count');
  const headerBytes = 4 + headerWords * 4;
  if (!hasBytes(bytes, offset, headerBytes)) return refused('truncated');
  const privateType = view.getUint16(Field.privateType);
  if (privateType !== GueHopsType.ipv4 && privateType !== GueHopsType.ipv6) return refused('private_type');
  const family = privateType === GueHopsType.ipv4 ? 4 : 6;
  const hopBytes = hopWords(family) * 4;
  const hopCount = view.getUint8(Field.hopCount);
  if (GUE_HOPS_BYTES_MIN + hopCount * hopBytes !== headerBytes) return refused('hop_count');
  const nextHop = view.getUint8(Field.nextHop);
  if (nextHop > hopCount) return refused('next_hop');
  const hopsOffset = offset + GUE_HOPS_BYTES_MIN;
  const hops = Array.from({ length: hopCount }, (_, index) =>
    bytes.slice(hopsOffset + index * hopBytes, hopsOffset + (index + 1) * hopBytes),
  );
  return { ok: true, header: { family, protocol, nextHop, hops }, payloadOffset: offset + headerBytes };
}

function hopWords(family: 4 | 6): number {
  return family === 4 ? 1 : 4;
}

function refused(reason: GueHopsFailure): DecodedGueHops {
  return { ok: false, reason };
}
