import { Lab, type LabHost, type StandardCluster, standardCluster, startNginx } from '@weir/lab';
import type { Path, Scale } from './contender.js';
import { tuneHosts } from './host-tuning.js';
import { withPlainSwitch } from './plain-switch.js';
import { offloadSegmentation } from './segmentation-offload.js';

/** A lab with everything on it but the balancer, which is the caller's to start on the nodes. */
export interface RivalLab {
  readonly lab: Lab;
  readonly cluster: StandardCluster;
  readonly nodes: readonly LabHost[];
  /** Address that clients connect to. */
  readonly vip: string;
  /** Of the VIP's family. */
  readonly backends: readonly string[];
}

/**
 * Brings up the same topology as Weir's, with the same backends; the router has the VIP by all nodes, as a static route.
 *
 * @param startBalancer  starts what balances, and says how it is set up
 */
export async function startRival(scale: Scale, startBalancer: (rival: RivalLab) => Promise<string>): Promise<Path> {
  const cluster = standardCluster({ ...scale, name: 'rival' });
  const lab = await Lab.start(
    scale.plainSwitch || scale.xdp === 'generic' ? withPlainSwitch(cluster.topology) : cluster.topology,
  );
  try {
    await tuneHosts(lab);
    if (scale.offload) await offloadSegmentation(lab, []);
    await Promise.all(cluster.backends.map(({ name }) => startNginx(lab.host(name))));
    const vip = cluster.vip[scale.family];
    await lab
      .host('router')
      .output('ip', ['route', 'add', vip, ...nextHops(cluster.nodes.map((n) => n[scale.family]))]);
    const nodes = cluster.nodes.map(({ name }) => lab.host(name));
    const backends = cluster.backends.map((backend) => backend[scale.family]);
    const setup = await startBalancer({ lab, cluster, nodes, vip, backends });
    const url = `http://${bracketed(vip)}/`;
    return {
      lab,
      client: lab.host('client'),
      nodes,
      url,
      setup,
      [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
    };
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

/** An address where a port may follow. */
export function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Arguments of `ip route` for ECMP. */
export function nextHops(addresses: readonly string[]): string[] {
  return addresses.flatMap((address) => ['nexthop', 'via', address]);
}
