import type { ChangeRecord } from './host-changes.js';
import { changeSetting, ipv4Setting, readSetting } from './kernel-settings.js';

/** Values of rp_filter (kernel: networking/ip-sysctl; RFC 3704). */
const STRICT = 1;
const LOOSE = 2;

/**
 * Decapsulated packets come with clients' addresses as their source. Strict reverse path filtering drops them, silently,
 * unless the way back to clients leads out of the interface they came in by. Where the default route does, as on most
 * backends, filtering stays as it is; elsewhere it is made loose for this interface alone: the kernel takes the larger
 * of its value and that of `all`. IPv6 has no such filter.
 *
 * @returns whether strict filtering was in the way
 * @throws {AgentError} SETTING_REFUSED
 */
export async function allowAsymmetricPath(
  interfaceName: string,
  hasDefaultRoute: boolean,
  record: ChangeRecord,
): Promise<boolean> {
  const own = ipv4Setting(interfaceName, 'rp_filter');
  const effective = Math.max(await readSetting(own), await readSetting(ipv4Setting('all', 'rp_filter')));
  if (effective !== STRICT || hasDefaultRoute) return false;
  await changeSetting(own, LOOSE, record);
  return true;
}
