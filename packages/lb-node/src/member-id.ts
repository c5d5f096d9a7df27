import type { BackendConfig } from '@weir/control';

/**
 * What all nodes know a backend by: its address, and its port where it has one of its own. Not its name: a new name moves
 * no flow.
 */
export function memberId({ address, port }: Pick<BackendConfig, 'address' | 'port'>): string {
  if (port === undefined) return address;
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
