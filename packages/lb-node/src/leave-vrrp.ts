import { stopKeepalived } from '@weir/bgp-speaker';
import type { NodeConfig } from '@weir/control';
import { HeldVips } from './held-vips.js';
import { keepalivedDirectory } from './vrrp-options.js';

/**
 * Ends what a life with VRRP left that crashed: its keepalived, which would hold VIPs that nobody serves, and the kernel's
 * rules as it moved them. Nothing there is fine.
 * @throws {IpCommandError} IP_COMMAND_MISSING, IP_COMMAND_FAILED
 */
export async function leaveVrrp(config: Pick<NodeConfig, 'runtimeDirectory'>): Promise<void> {
  await stopKeepalived({ directory: keepalivedDirectory(config) });
  await HeldVips.remove();
}
