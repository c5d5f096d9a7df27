import { readFile, writeFile } from 'node:fs/promises';
import { WeirError } from '@weir/errors';
import { ip } from './ip-command.js';

/** A kernel setting that Weir needs could not be made. */
export class KernelSettingError extends WeirError {}

/** `proto` of the routes that Weir makes, so that it finds them again. */
const ROUTE_PROTOCOL = '177';

/**
 * Turns forwarding on for an interface, in both families: the kernel answers a FIB lookup of an XDP program only there
 * (bpf_fib_lookup, BPF_FIB_LKUP_RET_FWD_DISABLED). Returns the settings that were changed.
 */
export async function enableForwarding(interfaceName: string): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const family of ['ipv4', 'ipv6']) {
    const path = `/proc/sys/net/${family}/conf/${interfaceName}/forwarding`;
    try {
      if ((await readFile(path, 'utf8')).trim() === '1') continue;
      await writeFile(path, '1');
      changed.push(`net.${family}.conf.${interfaceName}.forwarding`);
    } catch (cause) {
      // No such interface, which attaching will say better; or a kernel with IPv6 turned off.
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw new KernelSettingError('FORWARDING_REFUSED', `${path} can't be set to 1: ${String(cause)}`, {
        cause,
        details: { path },
      });
    }
  }
  return changed;
}

/**
 * Makes the kernel answer "unreachable" for what reaches a VIP and is no service. Without this route a node that
 * forwards would send such packets back to the router, and the router to the next node, until their TTL ends.
 * VIPs that are no longer wanted lose their route.
 */
export async function refuseStrayPackets(vips: readonly string[]): Promise<void> {
  for (const [family, isFamily] of [
    ['-4', (vip: string) => !vip.includes(':')],
    ['-6', (vip: string) => vip.includes(':')],
  ] as const) {
    const wanted = new Set(vips.filter(isFamily));
    const text = await ip([family, 'route', 'show', 'table', 'main', 'type', 'unreachable', 'proto', ROUTE_PROTOCOL]);
    const present = new Set([...text.matchAll(/^unreachable (\S+)/gm)].map(([, prefix]) => prefix as string));
    for (const vip of present) {
      if (!wanted.has(vip)) await ip([family, 'route', 'del', 'unreachable', vip, 'proto', ROUTE_PROTOCOL]);
    }
    for (const vip of wanted) {
      if (!present.has(vip)) await ip([family, 'route', 'replace', 'unreachable', vip, 'proto', ROUTE_PROTOCOL]);
    }
  }
}
