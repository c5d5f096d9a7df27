import { join } from 'node:path';
import type { SpeakerLogger, VrrpOptions } from '@weir/bgp-speaker';
import type { NodeConfig } from '@weir/control';

/** keepalived's part of the configuration; undefined where it has none. */
export function vrrpOptions(config: NodeConfig, logger: SpeakerLogger): VrrpOptions | undefined {
  if (config.vrrp === undefined) return undefined;
  return { ...config.vrrp, directory: keepalivedDirectory(config), logger };
}

/** Where keepalived's files are, of this life and of former ones. */
export function keepalivedDirectory({ runtimeDirectory }: Pick<NodeConfig, 'runtimeDirectory'>): string {
  return join(runtimeDirectory, 'keepalived');
}
