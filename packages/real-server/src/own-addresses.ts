import type { Decapsulation } from './decapsulation.js';
import { ipJson } from './ip-command.js';

interface AddressAnswer {
  readonly addr_info: readonly { readonly local?: string }[];
}

/**
 * Tells the program all addresses of this host, in place of those that it had before.
 *
 * @throws {AgentError} IP_COMMAND_FAILED
 */
export async function applyOwnAddresses(decapsulation: Decapsulation): Promise<void> {
  const interfaces = await ipJson<AddressAnswer>('address show');
  const addresses = interfaces.flatMap(({ addr_info }) => addr_info.map(({ local }) => local));
  decapsulation.setOwnAddresses(addresses.filter((address) => address !== undefined));
}
