import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import { driverOf, featuresOf, linkOf } from '../interfaces.js';
import { interfacesOf, usesXdp } from '../subject.js';

/** Features that join packets before XDP sees them, by ethtool's name and its short one. */
const joining = [
  ['large-receive-offload', 'lro'],
  ['rx-gro-hw', 'rx-gro-hw'],
] as const;

/** linux/if_link.h: the program runs in the driver. */
const XDP_ATTACHED_DRV = 1;

/** Does the hardware, or the other end of a veth, spare work that XDP programs rely on? */
export const offloads: Check = {
  name: 'offloads',
  looksAt: 'LRO and hardware GRO of the interfaces, and checksums that a veth leaves out',
  symptom:
    'the driver refuses XDP (XDP_ATTACH_REFUSED), packets larger than the MTU are dropped, or what comes over a veth has wrong checksums',
  cure: 'turn it off: `ethtool -K eth0 lro off rx-gro-hw off`; on both ends of a veth `ethtool -K veth0 tx off`',
  roles: ['node', 'backend'],
  async examine(subject, host) {
    if (!usesXdp(subject)) return [{ verdict: 'skipped', found: 'no XDP program is wanted here' }];
    const perInterface = interfacesOf(subject).map(async (name): Promise<readonly Finding[]> => {
      // That there is no such interface, another check says.
      const link = await linkOf(host, name);
      if (link === undefined) return [];
      const isNative = link.xdp?.mode === XDP_ATTACHED_DRV;
      return offloadFindings(name, await featuresOf(host, name), await driverOf(host, name), isNative);
    });
    return (await Promise.all(perInterface)).flat();
  },
};

/**
 * @param features  by ethtool's names, and whether they are on
 * @param isNative  XDP runs in the driver already, which has let it in with these features
 */
export function offloadFindings(
  name: string,
  features: ReadonlyMap<string, boolean>,
  driver: string | undefined,
  isNative = false,
): readonly Finding[] {
  const on = joining.filter(([feature]) => features.get(feature) === true);
  const findings = on.map(
    ([feature, short]): Finding => ({
      verdict: feature === 'rx-gro-hw' && (isNative || driver === 'virtio_net') ? 'warning' : 'fault',
      about: name,
      found: `${feature} is on: packets are joined before XDP sees them`,
      wanted: 'off',
      cure: 'turn it off, and keep it off over a reboot: a .link file of systemd, or a post-up line',
      commands: [`ethtool -K ${name} ${short} off`],
    }),
  );
  if (driver === 'veth' && features.get('tx-checksumming') === true) {
    findings.push({
      verdict: 'fault',
      about: name,
      found:
        'a veth with tx-checksumming on: what this host sends has no checksums yet when XDP at the other end sees it',
      wanted: 'off, on both ends',
      cure: 'turn it off here and at the other end',
      commands: [`ethtool -K ${name} tx off`],
    });
  }
  if (findings.length > 0) return findings;
  return [{ verdict: 'ok', about: name, found: 'nothing joins packets or leaves out checksums' }];
}
