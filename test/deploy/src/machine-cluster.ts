import {
  CHECKED_PORT,
  type ClusterHost,
  type ClusterNode,
  type FrrRouter,
  Lab,
  type LabHost,
  type ServiceDocument,
  type StandardCluster,
  standardCluster,
  standardServices,
  startNginx,
  startRouter,
} from '@weir/lab';
import { stringify } from 'yaml';
import { Machine } from './machine.js';
import { PackageRepository } from './package-repository.js';
import { makeSshAccess, type SshAccess } from './ssh-key.js';

/** How many machines there are. */
export interface MachineClusterOptions {
  readonly nodes: number;
  readonly backends: number;
  /** Whether there is a host `etcd`. */
  readonly etcd?: boolean;
}

const ROUTER_ASN = 64500;
const NODE_ASN = 64512;
const ROUTES_TIMEOUT_MS = 60_000;

/**
 * The standard cluster of the lab, with machines for nodes and backends, on which nothing of Weir is installed: a router that
 * expects the nodes' BGP sessions, and a web server on each backend, which says its name.
 */
export class MachineCluster implements AsyncDisposable {
  private constructor(
    readonly lab: Lab,
    readonly cluster: StandardCluster,
    readonly router: FrrRouter,
    readonly repository: PackageRepository,
    readonly ssh: SshAccess,
    readonly nodes: readonly Machine[],
    readonly backends: readonly Machine[],
  ) {}

  static async start({ nodes, backends, etcd = false }: MachineClusterOptions): Promise<MachineCluster> {
    const cluster = standardCluster({ nodes, backends, etcd, name: 'machine-cluster' });
    const lab = await Lab.start(cluster.topology);
    try {
      const repository = await PackageRepository.create(lab);
      const ssh = await makeSshAccess(lab, repository.base);
      const boot = ({ name }: ClusterHost) =>
        Machine.boot(lab.host(name), { repository, authorizedKeys: [ssh.publicKey] });
      const [router, nodeMachines, backendMachines] = await Promise.all([
        startRouter(lab.host('router'), {
          asn: ROUTER_ASN,
          routerId: cluster.router.ipv4,
          neighbors: cluster.nodes.map(({ ipv4 }) => ({ address: ipv4, remoteAs: NODE_ASN })),
          gracefulRestart: true,
        }),
        Promise.all(cluster.nodes.map(boot)),
        Promise.all(cluster.backends.map(boot)),
      ]);
      await Promise.all(cluster.backends.map(({ name }) => startNginx(lab.host(name))));
      return new MachineCluster(lab, cluster, router, repository, ssh, nodeMachines, backendMachines);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  get client(): LabHost {
    return this.lab.host('client');
  }

  /** Of both families. */
  get vips(): readonly string[] {
    return [this.cluster.vip.ipv4, this.cluster.vip.ipv6];
  }

  /** The web servers on both VIPs, and on the same the ends of checked connections. */
  get services(): readonly ServiceDocument[] {
    const web = standardServices(this.cluster);
    const checked = web.map((service) => ({ ...service, name: `${service.name}-checked`, port: CHECKED_PORT }));
    return [...web, ...checked];
  }

  /**
   * The file weir.yaml for one of the nodes, as an operator would write it.
   *
   * @param services  default: the web servers, and the ends of checked connections, on both VIPs
   * @param sections  more of them
   */
  weirYaml(
    node: Machine,
    services?: readonly ServiceDocument[],
    sections: Readonly<Record<string, unknown>> = {},
  ): string {
    const { ipv4, ipv6, localAddresses } = this.#host(node);
    return stringify({
      node: { name: node.name, interfaces: this.cluster.nodeInterfaces, address: ipv4, address6: ipv6, localAddresses },
      dataplane: { maxServices: 16, maxBackends: 64 },
      bgp: { asn: NODE_ASN, peers: [{ address: this.cluster.router.ipv4, asn: ROUTER_ASN, holdTime: '30s' }] },
      admin: { socketGroup: 'weir' },
      metrics: { listen: '127.0.0.1:9646' },
      shutdown: { drain: '2s' },
      services: services ?? this.services,
      ...sections,
    });
  }

  /** Resolves when the router has this many next hops for each VIP. */
  async waitForRoutes(count: number): Promise<void> {
    for (const vip of this.vips) {
      const prefix = `${vip}/${vip.includes(':') ? 128 : 32}`;
      await this.router.waitForRoutes(prefix, count, { timeoutMs: ROUTES_TIMEOUT_MS });
    }
  }

  /** The pages' address by a VIP. */
  url(vip: string): string {
    return `http://${vip.includes(':') ? `[${vip}]` : vip}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }

  #host(node: Machine): ClusterNode {
    const found = this.cluster.nodes.find(({ name }) => name === node.name);
    if (found === undefined) throw new RangeError(`${node.name} is none of the nodes`);
    return found;
  }
}
