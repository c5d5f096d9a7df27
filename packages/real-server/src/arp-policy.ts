import { readFile, writeFile } from 'node:fs/promises';
import { AgentError } from './agent-error.js';
import type { Undo } from './undo.js';

/**
 * What keeps backends from answering ARP for VIPs (kernel: networking/ip-sysctl). arp_ignore 1: only for addresses of
 * the interface that asks. arp_announce 2: and never name a VIP as the sender of a question.
 * IPv6 needs nothing: neighbour discovery answers only for addresses of the interface.
 */
const policy = { arp_ignore: '1', arp_announce: '2' } as const;

/** Sets the policy for an interface; the kernel takes the larger of its value and that of `all`. */
export async function silenceArp(interfaceName: string, undo: Undo): Promise<void> {
  for (const [name, wanted] of Object.entries(policy)) {
    const path = `/proc/sys/net/ipv4/conf/${interfaceName}/${name}`;
    try {
      const before = (await readFile(path, 'utf8')).trim();
      if (Number(before) >= Number(wanted)) continue;
      await writeFile(path, wanted);
      undo.push(() => writeFile(path, before));
    } catch (cause) {
      throw new AgentError('SETTING_REFUSED', `${path} can't be set to ${wanted}: ${(cause as Error).message}`, {
        cause,
        details: { path, wanted },
      });
    }
  }
}
