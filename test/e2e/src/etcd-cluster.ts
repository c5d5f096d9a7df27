import {
  type BackendDocument,
  type EtcdDeployment,
  type StandardCluster,
  WeirCluster,
  type WeirClusterOptions,
  type WeirNode,
} from '@weir/lab';

/** VIP of a service that only etcd knows. */
export const ETCD_VIP = '198.51.100.20';
const IN_FORCE = /"msg":"configuration in force"/;

/** The service `shop`, which only etcd knows; its backends are keys of their own. */
export const shop = { vip: ETCD_VIP, port: 80, method: 'ipip' };

/** A cluster whose nodes have `web` and `web6` from their files, and `shop` with all backends from etcd. */
export async function startEtcdCluster(options: WeirClusterOptions = {}): Promise<WeirCluster> {
  return await WeirCluster.start({
    nodes: 2,
    backends: 3,
    etcd: 'single',
    beforeNodes: putShop,
    moreVips: () => [ETCD_VIP],
    ...options,
  });
}

/** Puts the service and a key for each of its backends. */
export async function putShop(etcd: EtcdDeployment, { backends }: StandardCluster): Promise<void> {
  await etcd.put('services/shop', shop);
  for (const { name, ipv4 } of backends) await putBackend(etcd, name, { address: ipv4 });
}

/** Puts a backend of the service. */
export function putBackend(etcd: EtcdDeployment, name: string, value: BackendDocument): Promise<void> {
  return etcd.put(`backends/shop/${name}`, value);
}

/** @throws Error where the cluster has none */
export function etcdOf({ etcd }: WeirCluster): EtcdDeployment {
  if (etcd === undefined) throw new Error('this cluster has no etcd');
  return etcd;
}

/** The node of a name. */
export function nodeOf({ nodes }: WeirCluster, name: string): WeirNode {
  const node = nodes.find(({ host }) => host.name === name);
  if (node === undefined) throw new Error(`no node is called ${name}`);
  return node;
}

/** Resolves when all nodes that run have in force what `act` has done. */
export async function inForce(weir: WeirCluster, act: () => Promise<unknown>): Promise<void> {
  const seen = linesOfAll(weir, IN_FORCE);
  await act();
  await seen();
}

/** Begins to look for a line of every node that runs; the answer resolves when all have said it. */
export function linesOfAll({ nodes }: WeirCluster, pattern: RegExp, timeoutMs = 30_000): () => Promise<string[]> {
  const running = nodes.filter(({ process }) => process.end === undefined);
  const from = running.map(({ process }) => ({ process, after: process.lines.length }));
  return () => Promise.all(from.map(({ process, after }) => process.waitForLine(pattern, { after, timeoutMs })));
}

/** Which backends answer 60 requests, and how many got no answer. */
export async function whoAnswers(
  weir: WeirCluster,
  vip = ETCD_VIP,
): Promise<readonly [failed: number, backends: string[]]> {
  const { failed, backends } = await weir.request({ url: weir.url(vip), requestsPerSecond: 100, requests: 60 });
  return [failed, Object.keys(backends).sort()];
}
