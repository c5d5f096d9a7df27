import type { ChangeRecord } from './host-changes.js';
import { changeSetting, ipv4Setting, readSetting } from './kernel-settings.js';

/**
 * What keeps backends from answering ARP for VIPs (kernel: networking/ip-sysctl). arp_ignore 1: only for addresses of
 * the interface that asks. arp_announce 2: and never name a VIP as the sender of a question.
 * IPv6 needs nothing: neighbour discovery answers only for addresses of the interface.
 */
const policy = { arp_ignore: 1, arp_announce: 2 } as const;

/**
 * Sets the policy for an interface and for `all`, so that no other interface of the host gives a VIP away; the kernel
 * takes the larger of both. A stricter value stays.
 *
 * @throws {AgentError} SETTING_REFUSED
 */
export async function silenceArp(interfaceName: string, record: ChangeRecord): Promise<void> {
  for (const name of ['all', interfaceName]) {
    for (const [setting, wanted] of Object.entries(policy)) {
      const path = ipv4Setting(name, setting);
      if ((await readSetting(path)) < wanted) await changeSetting(path, wanted, record);
    }
  }
}
