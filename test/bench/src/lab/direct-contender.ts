import type { Path, Scale } from './contender.js';
import { nextHops, startRival } from './rival-lab.js';

/** The router spreads connections over the backends itself: what the machine can do at best. */
export async function startDirect(scale: Scale): Promise<Path> {
  const path = await startRival(scale, async ({ lab, cluster, vip, backends }) => {
    for (const { name } of cluster.backends) await lab.host(name).output('ip', ['address', 'add', vip, 'dev', 'lo']);
    await lab.host('router').output('ip', ['route', 'replace', vip, ...nextHops(backends)]);
    return 'no balancer: the router has the VIP by all backends, as a static ECMP route';
  });
  return { ...path, nodes: [] };
}
