import type { Check } from '../check.js';

const DIRECTORY = '/proc/sys/net/netfilter';
/** From this share on a peak fills it. */
const NEARLY_FULL = 0.8;

/** Has the kernel's own connection tracking room? */
export const conntrack: Check = {
  name: 'conntrack',
  looksAt:
    "how full the kernel's table of tracked connections is; XDP passes it by, but health checks, BGP and a backend's servers do not",
  symptom:
    '`dmesg` says "nf_conntrack: table full, dropping packet": new connections fail on a backend, probes on a node',
  cure: 'enlarge it: `sysctl -w net.netfilter.nf_conntrack_max=1048576`; or leave VIPs untracked: `nft add rule ... notrack`',
  roles: ['node', 'backend'],
  async examine(_, host) {
    const count = await host.readText(`${DIRECTORY}/nf_conntrack_count`);
    const max = await host.readText(`${DIRECTORY}/nf_conntrack_max`);
    if (count === undefined || max === undefined)
      return [{ verdict: 'skipped', found: 'connections are not tracked here' }];
    const found = `${Number(count)} of ${Number(max)} entries`;
    if (Number(count) < NEARLY_FULL * Number(max)) return [{ verdict: 'ok', found }];
    return [
      {
        verdict: Number(count) >= Number(max) ? 'fault' : 'warning',
        found,
        wanted: `less than ${NEARLY_FULL * 100} %`,
        cure: 'enlarge it, in /etc/sysctl.d too, or leave packets for VIPs untracked',
        commands: [`sysctl -w net.netfilter.nf_conntrack_max=${2 * Number(max)}`],
      },
    ];
  },
};
