/**
 * One's complement sum of 16-bit words in network order, folded and not complemented; an odd last byte counts as a
 * word's high byte (RFC 1071, section 1).
 *
 * @param start  a sum to go on from
 */
export function onesComplementSum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let i = 0; i + 1 < bytes.byteLength; i += 2) sum += ((bytes[i] as number) << 8) | (bytes[i + 1] as number);
  if (bytes.byteLength % 2 === 1) sum += (bytes[bytes.byteLength - 1] as number) << 8;
  return fold(sum);
}

/** The Internet checksum of bytes whose checksum field is 0 (RFC 1071). */
export function internetChecksum(bytes: Uint8Array, start = 0): number {
  return ~onesComplementSum(bytes, start) & 0xffff;
}

/**
 * The checksum after a 16-bit field changed from `before` to `after`: HC' = ~(~HC + ~m + m') (RFC 1624, equation 3).
 */
export function updatedChecksum(checksum: number, before: number, after: number): number {
  return ~fold((~checksum & 0xffff) + (~before & 0xffff) + (after & 0xffff)) & 0xffff;
}

/** {@link updatedChecksum} for a 32-bit field, such as a sequence number: two of 16 bits. */
export function updatedChecksum32(checksum: number, before: number, after: number): number {
  return updatedChecksum(updatedChecksum(checksum, before >>> 16, after >>> 16), before & 0xffff, after & 0xffff);
}

/** {@link updatedChecksum} for bytes of the same even length, such as addresses. */
export function updatedChecksumOfBytes(checksum: number, before: Uint8Array, after: Uint8Array): number {
  let updated = checksum;
  for (let i = 0; i < before.byteLength; i += 2) {
    const word = (bytes: Uint8Array) => ((bytes[i] as number) << 8) | (bytes[i + 1] as number);
    updated = updatedChecksum(updated, word(before), word(after));
  }
  return updated;
}

/**
 * Sum of the pseudo header of TCP, UDP and ICMPv6, to start a checksum from: RFC 9293 section 3.1 for IPv4, RFC 8200
 * section 8.1 for IPv6.
 *
 * @param source       4 or 16 bytes, network order
 * @param destination  of the same length
 * @param bytes        of the transport header and its payload
 */
export function pseudoHeaderSum(source: Uint8Array, destination: Uint8Array, protocol: number, bytes: number): number {
  const start = onesComplementSum(destination, onesComplementSum(source));
  return fold(start + protocol + (bytes >>> 16) + (bytes & 0xffff));
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}
