import { TCP_BYTES_MIN, updatedChecksum } from '@weir/packet';
import { tcpOptions } from './tcp-options.js';
import { edit, editBytes } from './translate.js';
import type { Endpoint } from './tuple.js';

/** Kind of the option, as the TOA modules of Alibaba and others read it. */
const KIND = 254;
const NO_OPERATION = 1;
const TCP_BYTES_MAX = 60;
const Field = { dataOffset: 12, checksum: 16 } as const;

/** Length of the option, by bytes of the address: kind, length, port, address. */
export function toaBytes({ address }: Endpoint): number {
  return 4 + address.byteLength;
}

/** A client's own option of this kind would be believed: it becomes padding, in place. */
export function eraseToa(packet: Uint8Array, transportOffset: number): void {
  const tcp = packet.subarray(transportOffset);
  for (const { kind, at, bytes } of tcpOptions(tcp)) {
    if (kind === KIND) editBytes(tcp, at, new Uint8Array(bytes).fill(NO_OPERATION), Field.checksum);
  }
}

/** Does the TCP header have room for it? Its data offset counts to 60 bytes. */
export function hasRoomForToa(packet: Uint8Array, transportOffset: number, client: Endpoint): boolean {
  const headerBytes = ((packet[transportOffset + Field.dataOffset] ?? 0) >> 4) * 4;
  return headerBytes + toaBytes(client) <= TCP_BYTES_MAX;
}

/**
 * The packet with the client's address and port in a TCP option after the fixed header; lengths and checksums follow.
 *
 * @param packet  from its IP header on; IPv4 without options, or IPv6 without extension headers; what Ethernet padded
 *   stays behind it
 * @param bytes   of the IP packet
 */
export function withToa(packet: Uint8Array, family: 4 | 6, bytes: number, client: Endpoint): Uint8Array {
  const transportOffset = family === 4 ? 20 : 40;
  const at = transportOffset + TCP_BYTES_MIN;
  const option = Uint8Array.of(KIND, toaBytes(client), client.port >> 8, client.port & 0xff, ...client.address);
  const told = new Uint8Array(packet.byteLength + option.byteLength);
  told.set(packet.subarray(0, at));
  told.set(packet.subarray(at), at + option.byteLength);

  const view = new DataView(told.buffer);
  const checksum = transportOffset + Field.checksum;
  const grownBytes = bytes + option.byteLength;
  // The pseudo header counts the length of the segment, the header its own.
  const segmentBytes = bytes - transportOffset;
  view.setUint16(checksum, updatedChecksum(view.getUint16(checksum), segmentBytes, segmentBytes + option.byteLength));
  const offsetWord = told.slice(transportOffset + Field.dataOffset, transportOffset + Field.dataOffset + 2);
  offsetWord[0] = (offsetWord[0] as number) + ((option.byteLength / 4) << 4);
  edit(told, transportOffset + Field.dataOffset, offsetWord, [checksum]);
  edit(told, at, option, [checksum]);
  if (family === 4) edit(told, 2, Uint8Array.of(grownBytes >> 8, grownBytes & 0xff), [10]);
  else view.setUint16(4, segmentBytes + option.byteLength);
  return told;
}
