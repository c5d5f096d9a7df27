import { isIPv6, SocketAddress } from 'node:net';

/** An address as the kernel prints it (RFC 5952 section 4), so that equal ones are equal strings; what is no IPv6 address stays. */
export function canonicalAddress(text: string): string {
  return isIPv6(text) ? new SocketAddress({ address: text, family: 'ipv6' }).address : text;
}
