import {
  addressToBytes,
  ETHERNET_BYTES,
  EtherType,
  encodeEthernet,
  encodeIpv4,
  encodeIpv6,
  encodeTcp,
  familyOf,
  IPV4_BYTES_MIN,
  IPV6_BYTES,
  IpProtocol,
  TCP_BYTES_MIN,
  TcpFlag,
} from '@weir/packet';

/** PACKET_BYTES of bpf/trampoline.bpf.c. */
export const PACKET_BYTES = 78;

/** A packet that the trampoline turns into those of many flows. */
export interface FlowPacket {
  /** From the Ethernet header on. */
  readonly bytes: Uint8Array;
  /** Where the 32 bits are that tell flows apart: in the client's address. */
  readonly flowOffset: number;
}

/** A TCP segment from a client to a VIP, padded to {@link PACKET_BYTES}. */
export function flowPacket(vip: string, port: number): FlowPacket {
  const bytes = new Uint8Array(PACKET_BYTES);
  const destination = addressToBytes(vip);
  const isIpv4 = familyOf(vip) === 4;
  encodeEthernet(
    {
      destination: Uint8Array.of(2, 0, 0, 0, 0, 1),
      source: Uint8Array.of(2, 0, 0, 0, 0, 2),
      tags: [],
      etherType: isIpv4 ? EtherType.ipv4 : EtherType.ipv6,
    },
    bytes,
  );
  const ipBytes = isIpv4 ? IPV4_BYTES_MIN : IPV6_BYTES;
  if (isIpv4) {
    encodeIpv4(
      {
        trafficClass: 0,
        totalBytes: PACKET_BYTES - ETHERNET_BYTES,
        identification: 0,
        dontFragment: true,
        moreFragments: false,
        fragmentOffset: 0,
        ttl: 64,
        protocol: IpProtocol.tcp,
        source: addressToBytes('192.0.2.10'),
        destination,
        options: new Uint8Array(0),
      },
      bytes,
      ETHERNET_BYTES,
    );
  } else {
    encodeIpv6(
      {
        trafficClass: 0,
        flowLabel: 0,
        payloadBytes: PACKET_BYTES - ETHERNET_BYTES - IPV6_BYTES,
        nextHeader: IpProtocol.tcp,
        hopLimit: 64,
        source: addressToBytes('2001:db8:c::10'),
        destination,
      },
      bytes,
      ETHERNET_BYTES,
    );
  }
  encodeTcp(
    {
      sourcePort: 1234,
      destinationPort: port,
      sequence: 0,
      acknowledgment: 0,
      flags: TcpFlag.ack,
      window: 65535,
      checksum: 0,
      urgentPointer: 0,
      options: new Uint8Array(TCP_BYTES_MIN - 20),
    },
    bytes,
    ETHERNET_BYTES + ipBytes,
  );
  // The source address starts 12 bytes into an IPv4 header, 8 into an IPv6 header; in the latter, its middle varies.
  return { bytes, flowOffset: ETHERNET_BYTES + (isIpv4 ? 12 : 8 + 8) };
}
