import { ip } from './ip-command.js';
import { families, isOfFamily, WEIR_PROTOCOL } from './route-protocol.js';

/**
 * Makes the kernel answer "unreachable" for what reaches a VIP and is no service. Without this route a node that
 * forwards would send such packets back to the router, and the router to the next node, until their TTL ends.
 * VIPs that are no longer wanted lose their route.
 */
export async function refuseStrayPackets(vips: readonly string[]): Promise<void> {
  for (const family of families) {
    const wanted = new Set(vips.filter((vip) => isOfFamily(vip, family)));
    const text = await ip([family, 'route', 'show', 'table', 'main', 'type', 'unreachable', 'proto', WEIR_PROTOCOL]);
    const present = new Set([...text.matchAll(/^unreachable (\S+)/gm)].map(([, prefix]) => prefix as string));
    for (const vip of present) {
      if (!wanted.has(vip)) await ip([family, 'route', 'del', 'unreachable', vip, 'proto', WEIR_PROTOCOL]);
    }
    for (const vip of wanted) {
      if (!present.has(vip)) await ip([family, 'route', 'replace', 'unreachable', vip, 'proto', WEIR_PROTOCOL]);
    }
  }
}
