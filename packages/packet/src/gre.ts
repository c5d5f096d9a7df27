import { type Decoded, hasBytes, malformed, truncated, viewFrom } from './decoded.js';

export const GRE_BYTES_MIN = 4;

/** Bits of the first word (RFC 2784, section 2; key and sequence: RFC 2890). */
const Flag = { checksum: 0x8000, key: 0x2000, sequence: 0x1000 } as const;
/** Routing (RFC 1701), reserved bits and version: 0 in what is spoken today. */
const RESERVED = 0x4fff;

/**
 * ```
 *  0 1 2 3                         16                              32
 * +-+-+-+-+-----------------------+-------------------------------+
 * |C| |K|S|      reserved         |          protocol             |
 * +-+-+-+-+-----------------------+-------------------------------+
 * |   checksum, 16 bits reserved (if C)  |  key (if K)  |  sequence (if S) |
 * ```
 */
export interface GreHeader {
  /** EtherType of what is carried. */
  readonly protocol: number;
  /** As it stands in the header; not verified. */
  readonly checksum?: number;
  readonly key?: number;
  readonly sequence?: number;
}

export function greBytes({ checksum, key, sequence }: GreHeader): number {
  return GRE_BYTES_MIN + 4 * [checksum, key, sequence].filter((field) => field !== undefined).length;
}

/** Writes the header; returns where the payload begins. */
export function encodeGre(header: GreHeader, bytes: Uint8Array, offset = 0): number {
  const view = viewFrom(bytes, offset);
  let flags = 0;
  let at = GRE_BYTES_MIN;
  if (header.checksum !== undefined) {
    flags |= Flag.checksum;
    view.setUint32(at, (header.checksum << 16) >>> 0);
    at += 4;
  }
  for (const [flag, value] of [
    [Flag.key, header.key],
    [Flag.sequence, header.sequence],
  ] as const) {
    if (value === undefined) continue;
    flags |= flag;
    view.setUint32(at, value);
    at += 4;
  }
  view.setUint16(0, flags);
  view.setUint16(2, header.protocol);
  return offset + at;
}

/** `malformed`: a version other than 0, or bits that RFC 2784 keeps at 0. */
export function decodeGre(
  bytes: Uint8Array,
  offset = 0,
): Decoded<{ readonly header: GreHeader; readonly payloadOffset: number }> {
  if (!hasBytes(bytes, offset, GRE_BYTES_MIN)) return truncated;
  const view = viewFrom(bytes, offset);
  const flags = view.getUint16(0);
  if ((flags & RESERVED) !== 0) return malformed;
  const fields = [Flag.checksum, Flag.key, Flag.sequence].filter((flag) => (flags & flag) !== 0);
  if (!hasBytes(bytes, offset, GRE_BYTES_MIN + 4 * fields.length)) return truncated;
  const fieldOf = (flag: number) => view.getUint32(GRE_BYTES_MIN + 4 * fields.indexOf(flag as never));
  const header: GreHeader = {
    protocol: view.getUint16(2),
    ...((flags & Flag.checksum) === 0 ? {} : { checksum: fieldOf(Flag.checksum) >>> 16 }),
    ...((flags & Flag.key) === 0 ? {} : { key: fieldOf(Flag.key) }),
    ...((flags & Flag.sequence) === 0 ? {} : { sequence: fieldOf(Flag.sequence) }),
  };
  return { ok: true, header, payloadOffset: offset + GRE_BYTES_MIN + 4 * fields.length };
}
