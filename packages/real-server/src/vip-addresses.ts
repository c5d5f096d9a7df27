import type { ChangeRecord } from './host-changes.js';
import { ip, ipJson } from './ip-command.js';

interface AddressAnswer {
  readonly addr_info: readonly { readonly local: string }[];
}

/**
 * Puts VIPs on the loopback interface, so that the kernel takes packets for them, and takes off those that the agent
 * added and that are wanted no longer. IPv6 gets no duplicate address detection there: every backend has the same
 * address.
 *
 * @throws {AgentError} IP_COMMAND_FAILED
 */
export async function applyVipAddresses(vips: readonly string[], record: ChangeRecord): Promise<void> {
  if (vips.length > 0) await ip('link set lo up');
  const [loopback] = await ipJson<AddressAnswer>('address show dev lo');
  const present = new Set((loopback?.addr_info ?? []).map(({ local }) => local));
  for (const vip of vips) {
    if (present.has(vip)) continue;
    record.addAddress(vip);
    await ip(`address add ${prefixOf(vip)} dev lo${vip.includes(':') ? ' nodad' : ''}`);
  }
  for (const vip of record.addresses.filter((address) => !vips.includes(address))) {
    if (present.has(vip)) await ip(`address del ${prefixOf(vip)} dev lo`);
    record.removeAddress(vip);
  }
}

function prefixOf(vip: string): string {
  return `${vip}/${vip.includes(':') ? 128 : 32}`;
}
