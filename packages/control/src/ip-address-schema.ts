import ipaddr from 'ipaddr.js';
import { z } from 'zod';

const isIpv4Text = (text: string) => ipaddr.IPv4.isValidFourPartDecimal(text);
const isIpv6Text = (text: string) => ipaddr.IPv6.isValid(text) && !text.includes('%');
const canonical = (text: string) => ipaddr.parse(text).toString();

export const ipv4 = z.string().refine(isIpv4Text, 'is not an IPv4 address').meta({ format: 'ipv4' });

/** Becomes canonical text (RFC 5952, section 4). */
export const ipv6 = z
  .string()
  .refine(isIpv6Text, 'is not an IPv6 address')
  .meta({ format: 'ipv6' })
  .transform(canonical);

/** IPv4 or IPv6; becomes canonical text, so that equal addresses are equal strings. */
export const ipAddress = z
  .string()
  .refine((text) => isIpv4Text(text) || isIpv6Text(text), 'is not an IP address')
  .transform(canonical);

/** What no packet can be sent to through a router, by ipaddr.js's name of the range. */
const unroutable = new Map<string, string>([
  ['unspecified', 'is the unspecified address'],
  ['broadcast', 'is the broadcast address'],
  ['multicast', 'is a multicast address'],
  ['loopback', 'is a loopback address'],
  ['linkLocal', 'is a link-local address'],
  ['ipv4Mapped', 'is an IPv4 address written as IPv6'],
]);

/** An address that packets can be routed to: a VIP, a backend. */
export const routableAddress = ipAddress.superRefine((address, context) => {
  const reason = unroutable.get(ipaddr.parse(address).range());
  if (reason !== undefined) context.addIssue(`${reason}; no router forwards to it`);
});

/** The family of an address that was checked. */
export function isIpv6(address: string): boolean {
  return address.includes(':');
}
