import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KUBERNETES_TOKEN, type KubernetesObject, type PodState, sliceObject } from '@weir/control/test-support';
import { WeirCluster } from '@weir/lab';

const FIXTURE = fileURLToPath(new URL('kubernetes-api.fixture.js', import.meta.url));
const PORT = 6443;

/** Where pods listen: what nginx of the lab has. */
const POD_PORT = 80;

const paths = { Service: '/api/v1', EndpointSlice: '/apis/discovery.k8s.io/v1' } as const;
const plurals = { Service: 'services', EndpointSlice: 'endpointslices' } as const;

/** The standard cluster with an API server of Kubernetes on the router, whose Services nodes serve; backends are the pods. */
export class KubernetesCluster implements AsyncDisposable {
  readonly weir: WeirCluster;
  readonly #api: string;

  private constructor(weir: WeirCluster) {
    this.weir = weir;
    this.#api = `https://${weir.cluster.router.ipv4}:${PORT}`;
  }

  /** Both VIPs of the standard cluster are the pool. */
  static async start(size: { readonly nodes: number; readonly backends: number }): Promise<KubernetesCluster> {
    const options = { ...size, spareNodes: size.nodes, decap: undefined, owners: true, services: () => [] };
    const weir = await WeirCluster.start(options);
    try {
      const cluster = new KubernetesCluster(weir);
      await cluster.#startApi();
      await Promise.all(weir.nodes.map((node) => cluster.#startNode(node)));
      return cluster;
    } catch (error) {
      await weir[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Writes an object, as kubectl apply does. */
  async apply(object: KubernetesObject): Promise<void> {
    const { namespace, name } = object.metadata;
    const kind = object.kind as keyof typeof paths;
    const list = `${paths[kind]}/namespaces/${namespace}/${plurals[kind]}`;
    const known = await this.#ask('GET', `${list}/${name}`);
    if (known.kind === 'Status') await this.#ask('POST', list, object);
    else
      await this.#ask('PUT', `${list}/${name}`, {
        ...known,
        ...object,
        status: known.status,
        metadata: known.metadata,
      });
  }

  /** The pods of a Service, by the names of backends, in both families. */
  async applyPods(service: string, pods: Readonly<Record<string, PodState>>): Promise<void> {
    const addresses = (family: 'ipv4' | 'ipv6') =>
      Object.fromEntries(
        this.weir.cluster.backends.flatMap((backend) => {
          const state = pods[backend.name];
          return state === undefined ? [] : [[backend[family], state]];
        }),
      );
    await this.apply(sliceObject(service, { pods: addresses('ipv4'), port: POD_PORT }));
    await this.apply(sliceObject(service, { pods: addresses('ipv6'), port: POD_PORT, family: 'IPv6' }));
  }

  /** Addresses in the status of a Service. */
  async addresses(service: string): Promise<readonly string[]> {
    const { status } = (await this.#ask('GET', `/api/v1/namespaces/shop/services/${service}`)) as {
      readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip: string }[] } };
    };
    return (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.weir[Symbol.asyncDispose]();
  }

  get #directory(): string {
    return join(this.weir.lab.directory, 'kubernetes');
  }

  async #startApi(): Promise<void> {
    const { lab, cluster } = this.weir;
    mkdirSync(this.#directory);
    const args = [FIXTURE, this.#directory, cluster.router.ipv4, String(PORT)];
    const server = lab.host('router').spawn(process.execPath, args, { name: 'kubernetes' });
    await server.waitForLine(/ready at/);
  }

  async #startNode(node: WeirCluster['nodes'][number]): Promise<void> {
    const { vip } = this.weir.cluster;
    const kubernetes = {
      kubeconfig: join(this.#directory, 'kubeconfig'),
      snapshotFile: join(this.weir.lab.directory, node.host.name, 'kubernetes.snapshot'),
      pools: [{ name: 'public', addresses: [`${vip.ipv4}/32`, `${vip.ipv6}/128`] }],
    };
    node.write({ ...node.document, kubernetes });
    await node.start();
  }

  async #ask(method: string, path: string, body?: object): Promise<KubernetesObject> {
    const file = join(this.#directory, 'body.json');
    writeFileSync(file, JSON.stringify(body ?? {}));
    const args = [
      '--silent',
      '--insecure',
      '--request',
      method,
      '--header',
      `Authorization: Bearer ${KUBERNETES_TOKEN}`,
    ];
    const answer = await this.weir.lab
      .host('router')
      .output('curl', [...args, ...(body === undefined ? [] : ['--data-binary', `@${file}`]), `${this.#api}${path}`]);
    return JSON.parse(answer) as KubernetesObject;
  }
}
