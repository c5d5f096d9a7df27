import { TcpFlag } from '@weir/packet';

const protocols: Readonly<Record<number, string>> = {
  1: 'ICMP',
  6: 'TCP',
  17: 'UDP',
  50: 'ESP',
  51: 'AH',
  58: 'ICMPv6',
  132: 'SCTP',
};

/** IANA's number of an IP protocol, as people call it. */
export function protocolText(protocol: number): string {
  return protocols[protocol] ?? `protocol ${protocol}`;
}

/** `SYN`, `FIN,ACK` */
export function tcpFlagsText(flags: number): string {
  return Object.entries(TcpFlag)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name.toUpperCase())
    .join(',');
}
