import ipaddr from 'ipaddr.js';
import { z } from 'zod';

/**
 * A network in CIDR notation, IPv4 or IPv6; a plain address is a network of one. Becomes canonical text, so that equal
 * networks are equal strings.
 */
export const network = z
  .string()
  .superRefine((text, context) => {
    const parsed = parsedNetwork(text);
    if (parsed === undefined) {
      context.addIssue('is not a network; write an address and its prefix length, such as 192.0.2.0/24');
    } else if (parsed.network !== parsed.address) {
      context.addIssue(`has bits set behind its prefix; the network is ${parsed.network}/${parsed.bits}`);
    }
  })
  .transform((text) => {
    const { network = '', bits = 0 } = parsedNetwork(text) ?? {};
    return `${network}/${bits}`;
  });

interface ParsedNetwork {
  /** As it is written, canonical. */
  readonly address: string;
  /** The same without the bits behind the prefix. */
  readonly network: string;
  readonly bits: number;
}

function parsedNetwork(text: string): ParsedNetwork | undefined {
  const [address = '', bitsText, ...rest] = text.split('/');
  const isIpv4 = ipaddr.IPv4.isValidFourPartDecimal(address);
  const isIpv6 = !isIpv4 && ipaddr.IPv6.isValid(address) && !address.includes('%');
  if (rest.length > 0 || !(isIpv4 || isIpv6)) return undefined;
  const bitsMax = isIpv4 ? 32 : 128;
  if (bitsText !== undefined && !/^\d{1,3}$/.test(bitsText)) return undefined;
  const bits = bitsText === undefined ? bitsMax : Number(bitsText);
  if (bits > bitsMax) return undefined;
  const canonical = ipaddr.parse(address).toString();
  const family = isIpv4 ? ipaddr.IPv4 : ipaddr.IPv6;
  return { address: canonical, network: family.networkAddressFromCIDR(`${canonical}/${bits}`).toString(), bits };
}
