import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { formatCommunity, parseCommunity } from './community.js';
import { GobgpError } from './gobgp-error.js';

/** A route to a prefix, as it is told to peers. */
export interface BgpPath {
  /** `198.51.100.10/32` or `2001:db8::10/128`. */
  readonly prefix: string;
  /** Of the prefix's family. */
  readonly nextHop: string;
  /** `64512:100`, or names such as `no-export`. */
  readonly communities?: readonly string[];
  /** Multi-exit discriminator. */
  readonly med?: number;
  /** Told to iBGP peers only. */
  readonly localPreference?: number;
  /** AS numbers that the path begins with; gobgpd puts its own in front for eBGP peers. */
  readonly asPath?: readonly number[];
}

export type AddressFamily = 'ipv4' | 'ipv6';

/** apipb.Family. */
export const families = {
  ipv4: { afi: 'AFI_IP', safi: 'SAFI_UNICAST' },
  ipv6: { afi: 'AFI_IP6', safi: 'SAFI_UNICAST' },
} as const;

/** A message inside google.protobuf.Any, as the loader reads and writes it. */
type AnyMessage = { readonly '@type': string } & Readonly<Record<string, unknown>>;

/** apipb.Path, as far as it is used. */
export interface PathMessage {
  readonly nlri: AnyMessage;
  readonly pattrs: readonly AnyMessage[];
  readonly family: { readonly afi: string; readonly safi: string };
  readonly neighborIp?: string;
  readonly age?: { readonly seconds: number } | null;
  readonly best?: boolean;
}

const any = (name: string, fields: Readonly<Record<string, unknown>>): AnyMessage => ({
  '@type': `type.googleapis.com/apipb.${name}`,
  ...fields,
});

/** Family of a prefix or an address. */
export function familyOf(address: string): AddressFamily {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

/**
 * The path as gobgpd will list it: addresses in their shortest form, no bits after the prefix, known communities by
 * name, no empty lists. Paths that mean the same are equal afterwards, but for the order of their communities.
 *
 * @throws {GobgpError} PATH_INVALID
 */
export function canonicalPath(path: BgpPath): BgpPath {
  return decodePath(encodePath(path));
}

/** @throws {GobgpError} PATH_INVALID naming what is wrong with the path */
export function encodePath(path: BgpPath): PathMessage {
  const { address, length } = parsePrefix(path.prefix);
  const family = familyOf(address);
  for (const [name, value] of [
    ['MED', path.med],
    ['local preference', path.localPreference],
    ...(path.asPath ?? []).map((asn) => ['AS number', asn] as const),
  ] as const) {
    if (value !== undefined && !isUint32(value))
      throw invalid(path, `${name} ${value} is not a whole number from 0 to ${UINT32_MAX}`);
  }
  if (isIP(path.nextHop) === 0 || familyOf(path.nextHop) !== family) {
    throw invalid(path, `next hop "${path.nextHop}" is not an ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address`);
  }
  const nextHop = ipaddr.parse(path.nextHop).toString();
  const nlri = any('IPAddressPrefix', { prefixLen: length, prefix: address });
  const pattrs = [any('OriginAttribute', { origin: 0 })];
  if (path.asPath !== undefined && path.asPath.length > 0) {
    pattrs.push(any('AsPathAttribute', { segments: [{ type: 'AS_SEQUENCE', numbers: path.asPath }] }));
  }
  pattrs.push(
    family === 'ipv4'
      ? any('NextHopAttribute', { nextHop })
      : any('MpReachNLRIAttribute', { family: families.ipv6, nextHops: [nextHop], nlris: [nlri] }),
  );
  if (path.med !== undefined) pattrs.push(any('MultiExitDiscAttribute', { med: path.med }));
  if (path.localPreference !== undefined) pattrs.push(any('LocalPrefAttribute', { localPref: path.localPreference }));
  if (path.communities !== undefined && path.communities.length > 0) {
    pattrs.push(any('CommunitiesAttribute', { communities: path.communities.map(parseCommunity) }));
  }
  return { nlri, pattrs, family: families[family] };
}

/** What {@link encodePath} wrote; attributes that it does not know are left out. */
export function decodePath(message: PathMessage): BgpPath {
  const attribute = (name: string) => message.pattrs.find((pattr) => pattr['@type'].endsWith(`apipb.${name}`));
  const nextHop =
    (attribute('NextHopAttribute')?.nextHop as string | undefined) ??
    ((attribute('MpReachNLRIAttribute')?.nextHops as readonly string[] | undefined)?.[0] as string);
  const segments = attribute('AsPathAttribute')?.segments as readonly { numbers: readonly number[] }[] | undefined;
  const communities = attribute('CommunitiesAttribute')?.communities as readonly number[] | undefined;
  const med = attribute('MultiExitDiscAttribute')?.med as number | undefined;
  const localPreference = attribute('LocalPrefAttribute')?.localPref as number | undefined;
  return {
    prefix: `${message.nlri.prefix as string}/${message.nlri.prefixLen as number}`,
    nextHop,
    ...(communities === undefined ? {} : { communities: communities.map(formatCommunity) }),
    ...(med === undefined ? {} : { med }),
    ...(localPreference === undefined ? {} : { localPreference }),
    ...(segments === undefined ? {} : { asPath: segments.flatMap(({ numbers }) => numbers) }),
  };
}

function parsePrefix(prefix: string): { address: string; length: number } {
  const [address = '', length = '', ...rest] = prefix.split('/');
  // ipaddr.js alone would take "10.1" for 10.0.0.1.
  if (isIP(address) === 0 || !/^\d{1,3}$/.test(length) || rest.length > 0 || !ipaddr.isValidCIDR(prefix)) {
    const message = `"${prefix}" is not a prefix such as 198.51.100.10/32`;
    throw new GobgpError('PATH_INVALID', message, { details: { prefix } });
  }
  const { IPv4, IPv6 } = ipaddr;
  const network = (isIP(address) === 4 ? IPv4 : IPv6).networkAddressFromCIDR(prefix);
  return { address: network.toString(), length: Number(length) };
}

const UINT32_MAX = 0xffffffff;
const isUint32 = (value: number) => Number.isInteger(value) && value >= 0 && value <= UINT32_MAX;

function invalid({ prefix }: BgpPath, problem: string): GobgpError {
  return new GobgpError('PATH_INVALID', `path to ${prefix}: ${problem}`, { details: { prefix } });
}
