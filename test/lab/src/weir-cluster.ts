import { join } from 'node:path';
import { type EtcdDeployment, startEtcd, startEtcdCluster } from './etcd-deployment.js';
import { type FrrRouter, startRouter } from './frr-router.js';
import { HttpLoad, type HttpLoadOptions, type HttpResult } from './http-load.js';
import { Lab } from './lab.js';
import { startNginx } from './nginx.js';
import { type RedisDeployment, startRedis, startRedisCluster, startSentinels } from './redis-deployment.js';
import { type ServiceDocument, standardServices, vipsOf } from './service-document.js';
import { type ClusterNode, type StandardCluster, standardCluster } from './standard-cluster.js';
import { startRealServer, type WeirDocument, WeirNode, type WeirNodeOptions, weirDocument } from './weir-daemons.js';

export interface WeirClusterOptions {
  /** Default: the standard cluster, as large as the next options say. */
  readonly cluster?: StandardCluster;
  readonly nodes?: number;
  /** How many of them, the last ones, have their host and configuration but no daemon yet: for {@link WeirNode.start}. Default 0. */
  readonly spareNodes?: number;
  readonly backends?: number;
  readonly innerMtuBytes?: number;
  /** Whether backends serve `/bulk/100M`. */
  readonly bulk?: boolean;
  /** Services of all nodes; default: {@link standardServices}. */
  readonly services?: (cluster: StandardCluster) => readonly ServiceDocument[];
  readonly nodeOptions?: Pick<
    WeirNodeOptions,
    'holdTime' | 'drain' | 'engine' | 'mode' | 'dataplane' | 'guard' | 'bgp'
  >;
  /**
   * What the agents of the backends take off packets, as `--decap` has it; undefined: backends have no agent, and no VIP,
   * as nat and fullnat want them. Default all.
   */
  readonly decap?: string | undefined;
  /** More of the agents' command line. */
  readonly agentFlags?: readonly string[];
  /** Nodes share flows by a Redis on the cluster's host for it, as this; default: they share nothing. */
  readonly redis?: RedisDeployment['mode'];
  /** More keys of `state`. */
  readonly state?: Readonly<Record<string, unknown>>;
  /** Nodes learn services from etcd on the cluster's host for it, one or three, beside those of their files; default: from files alone. */
  readonly etcd?: 'single' | 'cluster';
  /** More keys of `etcd`. */
  readonly etcdOptions?: Readonly<Record<string, unknown>>;
  /** Called before the nodes start: what they shall find in etcd. */
  readonly beforeNodes?: (etcd: EtcdDeployment, cluster: StandardCluster) => Promise<void>;
  /** VIPs that services have which only etcd knows: backends get them, and routes to them are waited for. */
  readonly moreVips?: (cluster: StandardCluster) => readonly string[];
  /** Nodes know each other from the start, as the section `nodes` has them: flows have owners. Default false. */
  readonly owners?: boolean;
  /** How long router and nodes wait for a keepalive. Default 30 s: a stall of the machine is no crash. 3 s where a node is killed. */
  readonly holdSeconds?: number;
}

const ROUTER_ASN = 64500;
const NODE_ASN = 64512;
const HOLD_SECONDS = 30;
const ROUTES_TIMEOUT_MS = 20_000;
const etcdStarters = { single: startEtcd, cluster: startEtcdCluster };
const redisStarters = { single: startRedis, sentinel: startSentinels, cluster: startRedisCluster };

/** The standard cluster with everything on it running: router, nodes, backends. */
export class WeirCluster implements AsyncDisposable {
  private constructor(
    readonly lab: Lab,
    readonly cluster: StandardCluster,
    readonly router: FrrRouter,
    readonly nodes: readonly WeirNode[],
    readonly services: readonly ServiceDocument[],
    readonly options: WeirClusterOptions,
    readonly redis: RedisDeployment | undefined,
    readonly etcd: EtcdDeployment | undefined,
  ) {}

  /** Resolves when the router has a route by every node to every VIP. */
  static async start(options: WeirClusterOptions = {}): Promise<WeirCluster> {
    const cluster =
      options.cluster ??
      standardCluster({ ...options, redis: options.redis !== undefined, etcd: options.etcd !== undefined });
    const decap = 'decap' in options ? options.decap : 'ipip,gre,gue,fou';
    const services = (options.services ?? standardServices)(cluster);
    const vips = [...new Set([...services.flatMap(vipsOf), ...(options.moreVips?.(cluster) ?? [])])];
    const { holdSeconds = HOLD_SECONDS } = options;
    const lab = await Lab.start(cluster.topology);
    try {
      const router = await startRouter(lab.host('router'), {
        asn: ROUTER_ASN,
        routerId: cluster.router.ipv4,
        neighbors: cluster.nodes.map(({ ipv4 }) => ({ address: ipv4, remoteAs: NODE_ASN })),
        holdSeconds,
        gracefulRestart: true,
      });
      await Promise.all(
        cluster.backends.map(async ({ name }) => {
          await startNginx(lab.host(name), { bulk: options.bulk ?? false });
          if (decap !== undefined) {
            const { agentFlags: flags = [] } = options;
            await startRealServer(lab, name, { interface: cluster.interface, vips, decap, flags });
          }
        }),
      );
      const redis = options.redis && (await redisStarters[options.redis](lab.host('redis')));
      const etcd = options.etcd && (await etcdStarters[options.etcd](lab.host('etcd')));
      if (etcd !== undefined) await options.beforeNodes?.(etcd, cluster);
      const sections = {
        ...(redis === undefined ? {} : { state: { store: 'redis', redis: redis.document, ...options.state } }),
        ...(options.owners ? { nodes: { members: cluster.nodes.map(memberOf) } } : {}),
      };
      const nodes = cluster.nodes.map((host) => {
        const { router, nodeInterfaces: interfaces } = cluster;
        const common = {
          router,
          interfaces,
          asn: NODE_ASN,
          routerAsn: ROUTER_ASN,
          holdTime: `${holdSeconds}s`,
          sections,
        };
        const document = weirDocument(lab, { host, services, ...common, ...options.nodeOptions });
        return new WeirNode(lab, host.name, {
          ...document,
          ...(etcd && { etcd: etcdSection(lab, host, etcd, options.etcdOptions) }),
        });
      });
      const first = nodes.slice(0, nodes.length - (options.spareNodes ?? 0));
      await Promise.all(first.map((node) => node.start()));
      const started = new WeirCluster(lab, cluster, router, nodes, services, options, redis, etcd);
      for (const vip of vips) await started.waitForRoutes(vip, first.length);
      return started;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Resolves when the router has this many next hops for a VIP. */
  async waitForRoutes(vip: string, count: number): Promise<void> {
    await this.router.waitForRoutes(prefixOf(vip), count, { timeoutMs: ROUTES_TIMEOUT_MS });
  }

  /** How many next hops the router has for a VIP now. */
  async routesTo(vip: string): Promise<number> {
    const [route] = await this.router.routes(prefixOf(vip));
    return route?.nextHops.length ?? 0;
  }

  /** Writes other services into the configuration of all nodes, and waits until all have them in force. */
  async configure(services: readonly ServiceDocument[]): Promise<void> {
    await this.reconfigure({ services });
  }

  /** Replaces sections of the configuration of all nodes, and waits until all have it in force. */
  async reconfigure(sections: Partial<WeirDocument>): Promise<void> {
    await Promise.all(
      this.nodes.map(async (node) => {
        const inForce = node.process.waitForLine(/"msg":"configuration in force"/, {
          timeoutMs: ROUTES_TIMEOUT_MS,
          after: node.process.lines.length,
        });
        node.write({ ...node.document, ...sections });
        await inForce;
      }),
    );
  }

  /** The pages' address by a VIP. */
  url(vip: string, path = '/'): string {
    return `http://${vip.includes(':') ? `[${vip}]` : vip}${path}`;
  }

  /** Steady load from the client. */
  load(options: HttpLoadOptions): HttpLoad {
    return HttpLoad.start(this.lab.host('client'), options);
  }

  /** A number of requests from the client. */
  request(options: HttpLoadOptions & { readonly requests: number }): Promise<HttpResult> {
    return HttpLoad.run(this.lab.host('client'), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}

function etcdSection(lab: Lab, { name }: ClusterNode, { document }: EtcdDeployment, more: object = {}): object {
  return { ...document, snapshotFile: join(lab.directory, name, 'etcd-snapshot.json'), ...more };
}

function memberOf({ name, ipv4, localAddresses }: ClusterNode): object {
  return { name, address: ipv4, localAddresses };
}

function prefixOf(vip: string): string {
  return `${vip}/${vip.includes(':') ? 128 : 32}`;
}
