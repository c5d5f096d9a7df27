import { ICMP_BYTES, IpProtocol, TCP_BYTES_MIN, UDP_BYTES } from '@weir/packet';
import type { TransportProtocol } from '../dataplane.js';

/** IANA "Assigned Internet Protocol Numbers". */
export const protocolNumbers: Readonly<Record<TransportProtocol, number>> = {
  tcp: IpProtocol.tcp,
  udp: IpProtocol.udp,
  sctp: 132,
  esp: 50,
  ah: 51,
};

/** SCTP: common header (RFC 9260, section 3.1). ESP: SPI and sequence (RFC 4303). AH: up to the ICV (RFC 4302). */
const bytesMin = new Map([
  [protocolNumbers.tcp, TCP_BYTES_MIN],
  [protocolNumbers.udp, UDP_BYTES],
  [protocolNumbers.sctp, 12],
  [protocolNumbers.esp, 8],
  [protocolNumbers.ah, 12],
]);

/** What has to be there of a transport header; undefined: a protocol that only the kernel knows. */
export function transportBytesMin(family: 4 | 6, protocol: number): number | undefined {
  return isIcmp(family, protocol) ? ICMP_BYTES : bytesMin.get(protocol);
}

/** ICMP in IPv4, ICMPv6 in IPv6. */
export function isIcmp(family: 4 | 6, protocol: number): boolean {
  return protocol === (family === 4 ? IpProtocol.icmp : IpProtocol.icmpv6);
}

/** Do source and destination port stand first in the transport header? */
export function carriesPorts(protocol: number): boolean {
  return protocol === protocolNumbers.tcp || protocol === protocolNumbers.udp || protocol === protocolNumbers.sctp;
}

export function isTcp(protocol: number): boolean {
  return protocol === protocolNumbers.tcp;
}
