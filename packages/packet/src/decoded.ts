/** Why bytes are not what they should be; counters carry these names. */
export type DecodeFailure = 'truncated' | 'malformed';

/** A stranger's bytes, read: a header, or why there is none. Nothing is thrown. */
export type Decoded<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly reason: DecodeFailure };

export const truncated = { ok: false, reason: 'truncated' } as const;
export const malformed = { ok: false, reason: 'malformed' } as const;

/** A view of bytes from an offset on, however the array lies in its buffer. */
export function viewFrom(bytes: Uint8Array, offset: number): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + offset, bytes.byteLength - offset);
}

/** True when `count` bytes from `offset` on are there. */
export function hasBytes(bytes: Uint8Array, offset: number, count: number): boolean {
  return offset >= 0 && offset + count <= bytes.byteLength;
}
