import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import type { Host } from '../host.js';
import { interfaceSetting, settingCommand } from '../interface-setting.js';
import { interfacesOf, type NodeSubject, usesXdp } from '../subject.js';

/** Does the kernel answer XDP's question for a route? */
export const forwarding: Check = {
  name: 'forwarding',
  looksAt:
    'net.ipv4.conf.*.forwarding and net.ipv6.conf.*.forwarding of the interfaces: the kernel answers bpf_fib_lookup only there',
  symptom: 'the counter `no_route` grows though `ip route get` finds the backend',
  cure: 'let lb-node set it (it does at start, and every 10 s), and take away what sets it back, such as a file in /etc/sysctl.d',
  roles: ['node'],
  async examine(subject, host) {
    if (subject.role !== 'node' || !usesXdp(subject))
      return [{ verdict: 'skipped', found: 'the portable engine does without' }];
    const all = interfacesOf(subject).flatMap((name) =>
      (['ipv4', 'ipv6'] as const).map((family) => forwardingFinding(family, name, subject, host)),
    );
    return (await Promise.all(all)).filter((finding) => finding !== undefined);
  },
};

async function forwardingFinding(
  family: 'ipv4' | 'ipv6',
  name: string,
  { daemon }: NodeSubject,
  host: Host,
): Promise<Finding | undefined> {
  const value = await interfaceSetting(host, family, name, 'forwarding');
  // No such interface, which another check says; or a kernel without IPv6.
  if (value === undefined) return undefined;
  const about = `${name} ${family}`;
  if (value !== 0) return { verdict: 'ok', about, found: 'on' };
  if (daemon === undefined) return { verdict: 'ok', about, found: 'off; lb-node turns it on when it starts' };
  return {
    verdict: 'fault',
    about,
    found: 'off, while lb-node runs: something else has turned it off',
    wanted: '1',
    cure: 'turn it on, and find out what turned it off; "grep -r forwarding /etc/sysctl.d" may tell',
    commands: [settingCommand(family, name, 'forwarding', 1)],
  };
}
