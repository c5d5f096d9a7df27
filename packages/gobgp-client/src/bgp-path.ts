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
}

const any = (name: string, fields: Readonly<Record<string, unknown>>): AnyMessage => ({
  '@type': `type.googleapis.com/apipb.${name}`,
  ...fields,
});

/** Family of a prefix or an address. */
export function familyOf(address: string): AddressFamily {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

/** @throws {GobgpError} PATH_INVALID naming what is wrong with the path */
export function encodePath(path: BgpPath): PathMessage {
  const { address, length } = parsePrefix(path.prefix);
  const family = familyOf(address);
  if (!ipaddr.isValid(path.nextHop) || familyOf(path.nextHop) !== family) {
    throw invalid(path, `next hop "${path.nextHop}" is not an ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address`);
  }
  const nlri = any('IPAddressPrefix', { prefixLen: length, prefix: address });
  const pattrs = [any('OriginAttribute', { origin: 0 })];
  if (path.asPath !== undefined && path.asPath.length > 0) {
    pattrs.push(any('AsPathAttribute', { segments: [{ type: 'AS_SEQUENCE', numbers: path.asPath }] }));
  }
  pattrs.push(
    family === 'ipv4'
      ? any('NextHopAttribute', { nextHop: path.nextHop })
      : any('MpReachNLRIAttribute', { family: families.ipv6, nextHops: [path.nextHop], nlris: [nlri] }),
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
  try {
    const [address, length] = ipaddr.parseCIDR(prefix);
    return { address: address.toString(), length };
  } catch (cause) {
    throw new GobgpError('PATH_INVALID', `"${prefix}" is not a prefix such as 198.51.100.10/32`, {
      cause,
      details: { prefix },
    });
  }
}

function invalid({ prefix }: BgpPath, problem: string): GobgpError {
  return new GobgpError('PATH_INVALID', `path to ${prefix}: ${problem}`, { details: { prefix } });
}
