export { ARP_BYTES, ArpOperation, type ArpPacket, decodeArp, encodeArp } from './arp.js';
export { buildFrame, buildIcmpPacket, buildTcpPacket, buildUdpPacket, type PacketEnds } from './build-packet.js';
export {
  internetChecksum,
  onesComplementSum,
  pseudoHeaderSum,
  updatedChecksum,
  updatedChecksum32,
  updatedChecksumOfBytes,
} from './checksum.js';
export type { Decoded, DecodeFailure } from './decoded.js';
export {
  decodeEthernet,
  ETHERNET_BYTES,
  type EthernetHeader,
  EtherType,
  encodeEthernet,
  ethernetBytes,
  VLAN_TAG_BYTES,
  type VlanTag,
} from './ethernet.js';
export { type FiveTuple, fiveTupleOf, fiveTupleOfFrame, quotedFiveTuple } from './five-tuple.js';
export { flowHash, type HashedFlow, mix, rowOf } from './flow-hash.js';
export {
  decodeFlowImage,
  encodeFlowImage,
  FLOW_IMAGE_BYTES,
  type FlowEnd,
  type FlowImage,
  FlowImageField,
  type FlowImageState,
  type FlowKind,
  flowImageStates,
  flowKinds,
} from './flow-image.js';
export { decodeGre, encodeGre, GRE_BYTES_MIN, type GreHeader, greBytes } from './gre.js';
export { decodeGue, encodeGue, GUE_BYTES_MIN, GUE_UDP_PORT, type GueHeader, type GuePacket, gueBytes } from './gue.js';
export {
  type DecodedGueHops,
  decodeGueHops,
  encodeGueHops,
  GUE_HOPS_BYTES_MIN,
  GUE_HOPS_UDP_PORT,
  type GueHops,
  type GueHopsFailure,
  GueHopsType,
  gueHopsBytes,
  gueHopsMax,
} from './gue-hops.js';
export {
  decodeIcmp,
  echoOf,
  encodeIcmp,
  ICMP_BYTES,
  type IcmpHeader,
  IcmpType,
  IcmpUnreachable,
  isIcmpError,
  mtuOf,
  setIcmpChecksum,
} from './icmp.js';
export { Icmpv6Type, icmpv6MtuOf, isIcmpv6Error, setIcmpv6Checksum } from './icmpv6.js';
export { AddressError, addressToBytes, bytesToAddress, canonicalAddress, familyOf, isIpAddress } from './ip-address.js';
export { decodeIpv4, encodeIpv4, IPV4_BYTES_MIN, IpProtocol, type Ipv4Header, ipv4Bytes } from './ipv4.js';
export {
  decodeIpv6,
  encodeIpv6,
  IPV6_BYTES,
  Ipv6Extension,
  type Ipv6Header,
  type Ipv6Transport,
  walkIpv6Extensions,
} from './ipv6.js';
export {
  decodeTcp,
  encodeTcp,
  maximumSegmentSize,
  maximumSegmentSizeOption,
  setTcpChecksum,
  TCP_BYTES_MIN,
  TcpFlag,
  type TcpHeader,
  tcpBytes,
} from './tcp.js';
export { decodeUdp, encodeUdp, setUdpChecksum, UDP_BYTES, type UdpHeader } from './udp.js';
