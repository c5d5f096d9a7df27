import { GobgpClient } from '@weir/gobgp-client';

/**
 * What the gobgpd at this address, such as `127.0.0.1:50051`, announces of its own, whoever told it to.
 * @throws {GobgpError} GOBGP_UNREACHABLE
 */
export async function announcedPrefixes(apiAddress: string): Promise<readonly string[]> {
  using client = new GobgpClient(apiAddress);
  const paths = [...(await client.listOwnPaths('ipv4')), ...(await client.listOwnPaths('ipv6'))];
  return paths.map(({ prefix }) => prefix);
}
