import { readCounters } from '@weir/dataplane';
import { type EtcdDeployment, type StandardCluster, WeirCluster, type WeirNode } from '@weir/lab';
import { BenchError } from '../bench-error.js';

export const NODES = 3;
const BACKENDS = 3;
const VIP = '198.51.100.20';
export const ROOT = '/weir/v1/lab';
/** The key that comes and goes. */
export const CHANGED_KEY = `${ROOT}/backends/shop/changed`;

/** Three nodes with one service from their files and one from etcd, each with two backends of three. */
export async function startControlLab(): Promise<ControlLab> {
  const weir = await WeirCluster.start({
    nodes: NODES,
    backends: BACKENDS,
    etcd: 'single',
    services: (cluster) => [fileService(cluster, false)],
    beforeNodes: async (etcd, { backends }) => {
      await etcd.put('services/shop', { vip: VIP, port: 80, method: 'ipip' });
      for (const { name, ipv4 } of backends.slice(1)) await etcd.put(`backends/shop/${name}`, { address: ipv4 });
    },
    moreVips: () => [VIP],
  });
  return new ControlLab(weir, weir.etcd as EtcdDeployment);
}

/** The service of the files: with the backend that comes and goes, or without. */
export function fileService({ vip, backends }: StandardCluster, isWhole: boolean) {
  const present = isWhole ? backends : backends.slice(1);
  return {
    name: 'web',
    vip: vip.ipv4,
    port: 80,
    method: 'ipip',
    backends: present.map(({ name, ipv4 }) => ({ name, address: ipv4 })),
  };
}

export class ControlLab implements AsyncDisposable {
  constructor(
    readonly weir: WeirCluster,
    readonly etcd: EtcdDeployment,
  ) {}

  /** `address:port` of the etcd. */
  get endpoint(): string {
    return (this.etcd.servers[0] as (typeof this.etcd.servers)[number]).endpoint;
  }

  get changedAddress(): string {
    return (this.weir.cluster.backends[0] as StandardCluster['backends'][number]).ipv4;
  }

  /**
   * That nodes have in their kernels what they said.
   *
   * @throws {BenchError} BENCH_TABLES_DIFFER
   */
  async assertBackends(vip: 'file' | 'etcd', isWhole: boolean): Promise<void> {
    const address = vip === 'etcd' ? VIP : this.weir.cluster.vip.ipv4;
    const expected = isWhole ? BACKENDS : BACKENDS - 1;
    for (const node of this.weir.nodes) {
      const { services } = await readCounters(pinDirectoryOf(node));
      const found = services.find((service) => service.vip === address)?.backends.length;
      if (found === expected) continue;
      const message = `${node.host.name}: expected ${expected} backends of ${address}, found ${found}`;
      throw new BenchError('BENCH_TABLES_DIFFER', message);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.weir[Symbol.asyncDispose]();
  }
}

function pinDirectoryOf({ document }: WeirNode): string {
  return (document.dataplane as { readonly pinDirectory: string }).pinDirectory;
}
