import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import { driverOf, type LinkView, linkOf } from '../interfaces.js';
import { interfacesOf, usesXdp } from '../subject.js';

/** Drivers that run XDP themselves and can send what it returns by XDP_TX (net_device_ops.ndo_bpf, Linux 6.1). */
const nativeDrivers: readonly string[] = [
  'atlantic',
  'bnxt_en',
  'bonding',
  'dpaa2-eth',
  'ena',
  'fec',
  'fsl_dpaa2_eth',
  'fsl_dpa',
  'fsl_enetc',
  'fun',
  'gve',
  'hv_netvsc',
  'i40e',
  'ice',
  'idpf',
  'igb',
  'igc',
  'ixgbe',
  'ixgbevf',
  'lan966x',
  'mana',
  'mlx4_en',
  'mlx5_core',
  'mtk_soc_eth',
  'mvneta',
  'mvpp2',
  'netsec',
  'nfp',
  'octeontx2',
  'qede',
  'sfc',
  'st_gmac',
  'stmmac',
  'thunder-nicvf',
  'ti_cpsw',
  'tsnep',
  'tun',
  'veth',
  'virtio_net',
  'vmxnet3',
  'xen_netfront',
];

/** XDP_ATTACHED_SKB of linux/if_link.h. */
const GENERIC = 2;

/** Does the program run in the driver, at full speed? */
export const xdpDriver: Check = {
  name: 'xdp-driver',
  looksAt: "whether XDP runs in the driver of the interfaces, or only in the kernel's generic path",
  symptom:
    'a node forwards a third of the packets that it should; with `dataplane.mode: native` it ends with 69 (XDP_ATTACH_REFUSED)',
  cure: 'use an interface whose driver has XDP, lower an MTU that the driver takes no XDP with, or accept the slower path: `dataplane.mode: auto`',
  roles: ['node', 'backend'],
  async examine(subject, host) {
    if (!usesXdp(subject)) return [{ verdict: 'skipped', found: 'no XDP program is wanted here' }];
    const isNativeWanted = subject.role === 'node' && subject.config?.dataplane.mode === 'native';
    const isGenericWanted = subject.role === 'node' && subject.config?.dataplane.mode === 'generic';
    const findings = interfacesOf(subject).map(async (name): Promise<readonly Finding[]> => {
      const link = await linkOf(host, name);
      if (link === undefined) return [];
      if (isGenericWanted) return [{ verdict: 'ok', about: name, found: 'generic, as dataplane.mode says' }];
      return [driverFinding(link, await driverOf(host, name), isNativeWanted)];
    });
    return (await Promise.all(findings)).flat();
  },
};

/** @param isNativeWanted  `dataplane.mode: native`: nothing else will do */
export function driverFinding(link: LinkView, driver: string | undefined, isNativeWanted: boolean): Finding {
  const about = link.ifname;
  const queues = link.num_rx_queues === undefined ? '' : `, ${link.num_rx_queues} queues`;
  const isKnown = driver !== undefined && nativeDrivers.includes(driver);
  const name = driver ?? 'none that ethtool knows';
  const isGeneric = link.xdp?.mode === GENERIC;
  if (link.xdp !== undefined && !isGeneric) return { verdict: 'ok', about, found: `driver ${name}, native${queues}` };
  if (isKnown && !isGeneric) return { verdict: 'ok', about, found: `driver ${name}, which has XDP${queues}` };
  return {
    verdict: isNativeWanted ? 'fault' : 'warning',
    about,
    found: isGeneric ? `driver ${name}, the program runs in generic mode` : `driver ${name} is not known to have XDP`,
    wanted: 'a driver that runs XDP itself',
    cure: isNativeWanted
      ? 'set dataplane.mode to auto, or use another network card'
      : 'expect a third of the speed; or use another card, more queues or a smaller MTU if the driver asks for that ("dmesg" says)',
  };
}
