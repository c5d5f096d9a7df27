import { standardCluster, WeirCluster } from '@weir/lab';
import type { Path, Scale } from './contender.js';
import { tuneHosts } from './host-tuning.js';
import { withPlainSwitch } from './plain-switch.js';
import { bracketed } from './rival-lab.js';
import { offloadSegmentation } from './segmentation-offload.js';

/**
 * XDP on the nodes, BGP to the router, backends answer clients directly. A veth pair has no ring of frames: native XDP makes
 * a frame of each packet of the kernel's and a packet of each frame, which generic XDP spares.
 */
export async function startWeir({ nodes, backends, family, xdp, offload }: Scale): Promise<Path> {
  const standard = standardCluster({ nodes, backends });
  const weir = await WeirCluster.start({
    cluster: xdp === 'generic' ? { ...standard, topology: withPlainSwitch(standard.topology) } : standard,
    nodeOptions: { mode: xdp },
    agentFlags: ['--mode', xdp],
  });
  await tuneHosts(weir.lab);
  if (offload) {
    await offloadSegmentation(
      weir.lab,
      weir.nodes.map(({ host }) => host.name),
    );
  }
  const method = family === 'ipv4' ? 'IPIP' : 'GUE';
  return {
    lab: weir.lab,
    client: weir.lab.host('client'),
    nodes: weir.nodes.map(({ host }) => host),
    url: `http://${bracketed(weir.cluster.vip[family])}/`,
    setup: `lb-node and real-server with ${xdp} XDP, ${method}, routes by BGP, direct server return`,
    [Symbol.asyncDispose]: () => weir[Symbol.asyncDispose](),
  };
}
