import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import { interfaceSetting, largerSetting, settingCommand } from '../interface-setting.js';
import { interfacesOf } from '../subject.js';

/** What keeps a backend from telling others that a VIP is its own (Documentation/networking/ip-sysctl.rst). */
const policy = [
  { key: 'arp_ignore', least: 1, why: 'answers ARP for addresses of any interface, the VIPs on lo too' },
  { key: 'arp_announce', least: 2, why: 'may name a VIP as the sender of its own ARP questions' },
] as const;

/** Does a backend keep quiet about its VIPs? */
export const arpPolicy: Check = {
  name: 'arp',
  looksAt:
    'arp_ignore and arp_announce of a backend that has IPv4 VIPs on lo; IPv6 needs nothing: NDP answers only for addresses of the interface',
  symptom:
    'packets for the VIP go past the nodes to one backend (`ip neigh` at the router has its MAC address), with dr for all backends of the network',
  cure: 'run real-server, which sets both; by hand `sysctl -w net/ipv4/conf/all/arp_ignore=1 net/ipv4/conf/all/arp_announce=2`',
  roles: ['backend'],
  async examine(subject, host) {
    if (subject.role !== 'backend') return [];
    if (!subject.vips.some((vip) => !vip.includes(':'))) return [{ verdict: 'skipped', found: 'there is no IPv4 VIP' }];
    const names = interfacesOf(subject);
    const all = names.length === 0 ? ['all'] : names;
    const findings = all.flatMap((name) =>
      policy.map(async ({ key, least, why }): Promise<Finding> => {
        const value =
          name === 'all' ? await interfaceSetting(host, 'ipv4', 'all', key) : await largerSetting(host, name, key);
        const about = `${name} ${key}`;
        if (value === undefined) return { verdict: 'skipped', about, found: 'no such interface' };
        if (value >= least) return { verdict: 'ok', about, found: String(value) };
        return {
          verdict: 'fault',
          about,
          found: `${value}: the host ${why}`,
          wanted: `${least}, on the interface or on all`,
          cure: 'start weir-real-server, which sets it; without the agent set it for all interfaces, and write it to /etc/sysctl.d',
          commands: [settingCommand('ipv4', 'all', key, least)],
        };
      }),
    );
    return await Promise.all(findings);
  },
};
