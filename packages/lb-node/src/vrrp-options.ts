import { join } from 'node:path';
import type { SpeakerLogger, VrrpOptions } from '@weir/bgp-speaker';
import type { NodeConfig } from '@weir/control';

/** keepalived's part of the configuration; undefined where it has none. */
export function vrrpOptions({ vrrp, runtimeDirectory }: NodeConfig, logger: SpeakerLogger): VrrpOptions | undefined {
  if (vrrp === undefined) return undefined;
  return { ...vrrp, directory: join(runtimeDirectory, 'keepalived'), logger };
}
