import { writeFileSync } from 'node:fs';
import { networkCommand } from './network-command.js';

/** Largest packet of IPv4, and of IPv6 without jumbograms: a device must not cut what an interface takes. */
const MTU_BYTES = 65_535;
/** Packets that wait for this process, while it does something else. */
const QUEUE_PACKETS = 10_000;

/**
 * Brings a TUN device up so that what is written there is routed by the kernel as if it had arrived at an interface:
 * forwarding on in both families; reverse path as loose as it can be, since packets come here from everywhere.
 */
export async function prepareDevice(name: string): Promise<void> {
  const settings: readonly (readonly [string, string])[] = [
    [`ipv4/conf/${name}/forwarding`, '1'],
    [`ipv4/conf/${name}/rp_filter`, '2'],
    [`ipv4/conf/${name}/send_redirects`, '0'],
    [`ipv6/conf/${name}/forwarding`, '1'],
    [`ipv6/conf/${name}/accept_ra`, '0'],
  ];
  for (const [path, value] of settings) set(path, value);
  await networkCommand('ip', ['link', 'set', name, 'addrgenmode', 'none']);
  const link = ['link', 'set', name, 'multicast', 'off', 'mtu', String(MTU_BYTES)];
  await networkCommand('ip', [...link, 'txqueuelen', String(QUEUE_PACKETS), 'up']);
}

/** Synchronous on purpose: /proc/sys/net is that of the calling thread's network namespace. */
function set(path: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/net/${path}`, value);
  } catch (error) {
    // A kernel with IPv6 turned off.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
