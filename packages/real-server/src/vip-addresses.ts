import { ip, ipJson } from './ip-command.js';
import type { Undo } from './undo.js';

interface AddressAnswer {
  readonly addr_info: readonly { readonly local: string }[];
}

/**
 * Puts VIPs on the loopback interface, so that the kernel takes packets for them. IPv6 gets no duplicate address
 * detection there: every backend has the same address.
 */
export async function addVipAddresses(vips: readonly string[], undo: Undo): Promise<void> {
  await ip('link set lo up');
  const [loopback] = await ipJson<AddressAnswer>('address show dev lo');
  const present = new Set((loopback?.addr_info ?? []).map(({ local }) => local));
  for (const vip of vips) {
    if (present.has(vip)) continue;
    const [prefix, flags] = vip.includes(':') ? [`${vip}/128`, ' nodad'] : [`${vip}/32`, ''];
    await ip(`address add ${prefix} dev lo${flags}`);
    undo.push(() => ip(`address del ${prefix} dev lo`));
  }
}
