import ipaddr from 'ipaddr.js';

/** A prefix as ipvsadm's -M has it: `255.255.255.0`, or its bits for IPv6. */
export function netmaskText(prefixBits: number, ofIpv6: boolean): string {
  return ofIpv6 ? `${prefixBits}` : ipaddr.IPv4.subnetMaskFromPrefixLength(prefixBits).toString();
}
