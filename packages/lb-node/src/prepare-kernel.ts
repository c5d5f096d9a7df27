import type { NodeConfig, ServiceConfig } from '@weir/control';
import { enableForwarding, enableNeighbourProxy, loosenReversePath } from './kernel-settings.js';
import { holdLocalAddresses } from './local-addresses.js';

/**
 * Makes the kernel do its part of what the configuration says, before the data plane relies on it: forward, answer for
 * local addresses, accept answers of backends. Returns the settings that were changed; they stay.
 */
export async function prepareKernel(config: NodeConfig): Promise<readonly string[]> {
  const { interfaces, localAddresses } = config.node;
  const changed: string[] = [];
  const someTranslate = config.services.some(translates);
  const hasIpv6 = localAddresses.some((address) => address.includes(':'));
  for (const name of interfaces) {
    changed.push(...(await enableForwarding(name)));
    if (someTranslate) changed.push(...(await loosenReversePath(name)));
    if (hasIpv6) changed.push(...(await enableNeighbourProxy(name)));
  }
  await holdLocalAddresses(localAddresses, interfaces);
  return changed;
}

/** Do the answers of its backends come back through this node? */
export function translates({ method }: ServiceConfig): boolean {
  return method === 'nat' || method === 'fullnat';
}
