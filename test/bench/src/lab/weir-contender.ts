import { WeirCluster } from '@weir/lab';
import type { Path, Scale } from './contender.js';
import { tuneHosts } from './host-tuning.js';
import { bracketed } from './rival-lab.js';
import { offloadSegmentation } from './segmentation-offload.js';

/** Weir as `weir.yaml` has it by default: XDP on the nodes, BGP to the router, backends answer clients directly. */
export async function startWeir({ nodes, backends, family, offload }: Scale): Promise<Path> {
  const weir = await WeirCluster.start({ nodes, backends });
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
    setup: `lb-node with native XDP and ${method}, real-server on the backends, routes by BGP, direct server return`,
    [Symbol.asyncDispose]: () => weir[Symbol.asyncDispose](),
  };
}
