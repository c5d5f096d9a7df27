import { updatedChecksum } from '@weir/packet';
import type { IpPacket } from './parse-frame.js';

const Ipv4Field = { ttl: 8, checksum: 10 } as const;
const HOP_LIMIT = 7;

/** A copy of the packet, and of what Ethernet padded, with one hop less to live: a node is a router. */
export function withOneHopLess({ frame, ipOffset, family }: IpPacket): Uint8Array {
  const ip = frame.slice(ipOffset);
  setTtl(ip, family, (ttl) => ttl - 1);
  return ip;
}

/** Changes TTL or hop limit, and the header's checksum with it (RFC 1624). */
export function setTtl(ip: Uint8Array, family: 4 | 6, change: (ttl: number) => number): void {
  const view = new DataView(ip.buffer, ip.byteOffset);
  const at = family === 4 ? Ipv4Field.ttl : HOP_LIMIT;
  const before = view.getUint16(Ipv4Field.ttl);
  view.setUint8(at, change(view.getUint8(at)));
  if (family === 6) return;
  const checksum = view.getUint16(Ipv4Field.checksum);
  view.setUint16(Ipv4Field.checksum, updatedChecksum(checksum, before, view.getUint16(Ipv4Field.ttl)));
}
