import ipaddr from 'ipaddr.js';
import type { NameLookup } from './name-lookup.js';
import type { IpvsProtocol } from './virtual-service.js';

const PORT_MAX = 65_535;

/**
 * Reads `host[:port]` or `[address]:port`, where host and port may be names.
 * @returns port undefined: none was given; undefined: it is no such text, or nobody knows the name
 */
export async function readEndpoint(
  text: string,
  protocol: IpvsProtocol,
  names: NameLookup,
): Promise<{ readonly address: string; readonly port: number | undefined } | undefined> {
  const parts = /^\[([^\]]+)\](?::(.+))?$/.exec(text) ?? plainParts(text);
  const [, host = '', portText] = parts;
  const address = canonicalAddress(host) ?? (text.startsWith('[') ? undefined : await namedAddress(host, names));
  if (address === undefined) return undefined;
  if (portText === undefined) return { address, port: undefined };
  const port = wholeNumber(portText, 0, PORT_MAX) ?? (await names.port(portText, protocol));
  return port === undefined ? undefined : { address, port };
}

/** An IPv6 address may stand without brackets where no port follows. */
function plainParts(text: string): readonly (string | undefined)[] {
  if (ipaddr.IPv6.isValid(text)) return [text, text, undefined];
  const at = text.lastIndexOf(':');
  return at === -1 ? [text, text, undefined] : [text, text.slice(0, at), text.slice(at + 1)];
}

/** A word of digits alone is no host: ipvsadm takes it for a port without one. */
async function namedAddress(host: string, names: NameLookup): Promise<string | undefined> {
  if (!/^[\w.-]+$/.test(host) || /^[\d.]+$/.test(host)) return undefined;
  return names.address(host);
}

/** Canonical text of an IPv4 address of four parts, or of an IPv6 address without a zone; undefined: it is none. */
export function canonicalAddress(text: string): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.parse(text).toString();
  return ipaddr.IPv6.isValid(text) && !text.includes('%') ? ipaddr.parse(text).toString() : undefined;
}

/** A decimal number within bounds; undefined: it is none. */
export function wholeNumber(text: string, least: number, most: number): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const number = Number(text);
  return number >= least && number <= most ? number : undefined;
}

/**
 * Bits of an IPv4 netmask, `255.255.255.0`.
 * @returns undefined: it is an address, but no prefix; false: it is no address
 */
export function prefixBitsOf(netmask: string): number | undefined | false {
  if (!ipaddr.IPv4.isValidFourPartDecimal(netmask)) return false;
  return ipaddr.IPv4.parse(netmask).prefixLengthFromSubnetMask() ?? undefined;
}
