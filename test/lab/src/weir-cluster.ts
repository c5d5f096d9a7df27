import { type FrrRouter, startRouter } from './frr-router.js';
import { HttpLoad, type HttpLoadOptions, type HttpResult } from './http-load.js';
import { Lab } from './lab.js';
import { startNginx } from './nginx.js';
import { type StandardCluster, standardCluster } from './standard-cluster.js';
import { startRealServer, WeirNode, type WeirNodeOptions, weirDocument } from './weir-daemons.js';

export interface WeirClusterOptions {
  readonly nodes?: number;
  readonly backends?: number;
  readonly innerMtuBytes?: number;
  /** Whether backends serve `/bulk/100M`. */
  readonly bulk?: boolean;
  /** Services of all nodes; default: {@link standardServices}. */
  readonly services?: (cluster: StandardCluster) => readonly ServiceDocument[];
  readonly nodeOptions?: Pick<WeirNodeOptions, 'holdTime' | 'drain' | 'mode'>;
  /** How long the router waits for a keepalive. Default 3 s. */
  readonly holdSeconds?: number;
}

/** An entry of `services` in weir.yaml. */
export interface ServiceDocument {
  readonly name: string;
  readonly vip: string;
  readonly port: number | 'all';
  readonly backends: readonly { readonly name?: string; readonly address: string; readonly weight?: number }[];
  readonly [key: string]: unknown;
}

const ROUTER_ASN = 64500;
const NODE_ASN = 64512;
const ROUTES_TIMEOUT_MS = 20_000;

/** HTTP on both VIPs of the standard cluster: IPv4 by IPIP, IPv6 by GUE. */
export function standardServices({ vip, backends }: StandardCluster): readonly ServiceDocument[] {
  return [
    {
      name: 'web',
      vip: vip.ipv4,
      port: 80,
      method: 'ipip',
      backends: backends.map(({ name, ipv4 }) => ({ name, address: ipv4 })),
    },
    {
      name: 'web6',
      vip: vip.ipv6,
      port: 80,
      method: 'gue',
      backends: backends.map(({ name, ipv6 }) => ({ name, address: ipv6 })),
    },
  ];
}

/** The standard cluster with everything on it running: router, nodes, backends. */
export class WeirCluster implements AsyncDisposable {
  private constructor(
    readonly lab: Lab,
    readonly cluster: StandardCluster,
    readonly router: FrrRouter,
    readonly nodes: readonly WeirNode[],
    readonly services: readonly ServiceDocument[],
    readonly options: WeirClusterOptions,
  ) {}

  /** Resolves when the router has a route by every node to every VIP. */
  static async start(options: WeirClusterOptions = {}): Promise<WeirCluster> {
    const cluster = standardCluster(options);
    const services = (options.services ?? standardServices)(cluster);
    const vips = [...new Set(services.map(({ vip }) => vip))];
    const lab = await Lab.start(cluster.topology);
    try {
      const router = await startRouter(lab.host('router'), {
        asn: ROUTER_ASN,
        routerId: cluster.router.ipv4,
        neighbors: cluster.nodes.map(({ ipv4 }) => ({ address: ipv4, remoteAs: NODE_ASN })),
        holdSeconds: options.holdSeconds ?? 3,
        gracefulRestart: true,
      });
      await Promise.all(
        cluster.backends.map(async ({ name }) => {
          await startNginx(lab.host(name), { bulk: options.bulk ?? false });
          await startRealServer(lab, name, { interface: cluster.interface, vips });
        }),
      );
      const nodes = cluster.nodes.map((host) => {
        const common = { router: cluster.router, interface: cluster.interface, asn: NODE_ASN, routerAsn: ROUTER_ASN };
        return new WeirNode(lab, host.name, weirDocument(lab, { host, services, ...common, ...options.nodeOptions }));
      });
      await Promise.all(nodes.map((node) => node.start()));
      const started = new WeirCluster(lab, cluster, router, nodes, services, options);
      for (const vip of vips) await started.waitForRoutes(vip, nodes.length);
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
    await Promise.all(
      this.nodes.map(async (node) => {
        const inForce = node.process.waitForLine(/"msg":"configuration in force"/, {
          timeoutMs: ROUTES_TIMEOUT_MS,
          after: node.process.lines.length,
        });
        node.write({ ...node.document, services });
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

function prefixOf(vip: string): string {
  return `${vip}/${vip.includes(':') ? 128 : 32}`;
}
