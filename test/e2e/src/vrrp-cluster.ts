import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ECHO_PORT,
  HttpLoad,
  Lab,
  type LabHost,
  type LabProcess,
  type ServiceDocument,
  type StandardCluster,
  standardCluster,
  startEchoServer,
  startNginx,
  startRealServer,
  WeirNode,
  type WeirNodeOptions,
  waitUntil,
  weirDocument,
} from '@weir/lab';

export interface VrrpClusterOptions {
  /** Default 3. */
  readonly nodes?: number;
  /** More keys of `vrrp`. */
  readonly vrrp?: Readonly<Record<string, unknown>>;
  readonly engine?: WeirNodeOptions['engine'];
}

/** In ms. A node that is not heard for three of them is taken for dead: longer than one stands still on a busy machine. */
const ADVERT_MS = 1000;
/** Longer than a takeover takes, and a SYN to be sent again after it. */
const REQUEST_TIMEOUT_MS = 15_000;

const networks = { ipv4: '198.51.100.0/24', ipv6: '2001:db8:100::/64' };
export const vips4 = ['198.51.100.10', '198.51.100.11', '198.51.100.13', '198.51.100.14'];
export const vips6 = ['2001:db8:100::10', '2001:db8:100::12'];

/** Nodes and backends on one network, whose router speaks no BGP: it takes the VIPs for hosts of that network. */
export class VrrpCluster implements AsyncDisposable {
  private constructor(
    readonly lab: Lab,
    readonly cluster: StandardCluster,
    readonly nodes: readonly WeirNode[],
    readonly services: readonly ServiceDocument[],
    /** The servers of pages, one a backend. */
    readonly pages: readonly LabProcess[],
  ) {}

  /** Resolves when each VIP is held by a node; by its first one, unless nodes are not to preempt. */
  static async start({ nodes: count = 3, vrrp = {}, engine = 'xdp' }: VrrpClusterOptions = {}): Promise<VrrpCluster> {
    const cluster = standardCluster({ nodes: count, backends: 2 });
    const services = servicesOf(cluster);
    const lab = await Lab.start(cluster.topology);
    try {
      const router = lab.host('router');
      await router.output('ip', ['route', 'add', networks.ipv4, 'dev', 'lan']);
      await router.output('ip', ['-6', 'route', 'add', networks.ipv6, 'dev', 'lan']);
      const pages = await Promise.all(
        cluster.backends.map(async ({ name }) => {
          const page = await startNginx(lab.host(name));
          const vips = [...vips4, ...vips6];
          await startRealServer(lab, name, { interface: 'lan', vips, decap: 'ipip,gue' });
          await startEchoServer(lab.host(name));
          return page;
        }),
      );
      const peers = cluster.nodes.map(({ name, ipv4, ipv6 }) => ({ name, address: ipv4, address6: ipv6 }));
      const nodes = cluster.nodes.map((host) => {
        const { router, nodeInterfaces: interfaces } = cluster;
        const { bgp: _, ...document } = weirDocument(lab, { host, services, router, interfaces, engine });
        const section = { peers, advertInterval: `${ADVERT_MS}ms`, ...vrrp };
        return new WeirNode(lab, host.name, { ...document, services, vrrp: section });
      });
      await Promise.all(nodes.map((node) => node.start()));
      const started = new VrrpCluster(lab, cluster, nodes, services, pages);
      const first = vrrp.preempt === false ? undefined : started.firstNodes();
      await started.waitForHolders((holders) =>
        Object.entries(holders).every(([vip, names]) => names.length === 1 && (first?.[vip] ?? names[0]) === names[0]),
      );
      return started;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** By VIP, the names of the nodes that hold it. */
  async holders(): Promise<Readonly<Record<string, readonly string[]>>> {
    const held = await Promise.all(
      this.nodes.map(async ({ host }) => ({ name: host.name, addresses: await addressesOf(host) })),
    );
    const holdersOf = (vip: string) => held.filter(({ addresses }) => addresses.includes(vip)).map(({ name }) => name);
    return Object.fromEntries([...vips4, ...vips6].map((vip) => [vip, holdersOf(vip)]));
  }

  /** By VIP, the node that keepalived's configurations give the highest priority. */
  firstNodes(): Readonly<Record<string, string>> {
    const priorities = this.nodes.flatMap(({ host: { name } }) => {
      const text = readFileSync(join(this.lab.directory, name, 'keepalived', 'keepalived.conf'), 'utf8');
      const instances = text.matchAll(/^vrrp_instance vip_(\S+) {[^}]*?priority (\d+)/gm);
      return [...instances].map(([, vip = '', priority]) => ({ vip, name, priority: Number(priority) }));
    });
    const ascending = priorities.sort((a, b) => a.priority - b.priority);
    return Object.fromEntries(ascending.map(({ vip, name }) => [vip, name]));
  }

  /** Resolves to the holders when they are as wanted, and how long that took. */
  async waitForHolders(
    isSo: (holders: Readonly<Record<string, readonly string[]>>) => boolean,
  ): Promise<{ readonly holders: Readonly<Record<string, readonly string[]>>; readonly ms: number }> {
    const since = performance.now();
    const holders = await waitUntil('VIPs on the nodes that should hold them', async () => {
      const found = await this.holders();
      return isSo(found) ? found : undefined;
    });
    return { holders, ms: performance.now() - since };
  }

  node(name: string): WeirNode {
    const node = this.nodes.find(({ host }) => host.name === name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  load(vip: string): HttpLoad {
    return HttpLoad.start(this.lab.host('client'), {
      url: urlOf(vip),
      requestsPerSecond: 100,
      timeoutMs: REQUEST_TIMEOUT_MS,
    });
  }

  /** The page of a VIP, as the client gets it; the port is 80 where none is given. */
  async request(vip: string, port = 80): Promise<{ readonly code: number; readonly text: string }> {
    const { code, stdout, stderr } = await this.lab
      .host('client')
      .run('curl', ['--silent', '--show-error', '--max-time', String(REQUEST_TIMEOUT_MS / 1000), urlOf(vip, port)]);
    return { code: code ?? -1, text: `${stdout}${stderr}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}

/**
 * A service for each VIP, pages and echo: IPv4 by IPIP, IPv6 by GUE. Backends are asked for a page of the VIP: on the
 * way of traffic, and no less by the node that holds that VIP.
 */
function servicesOf({ backends }: StandardCluster): readonly ServiceDocument[] {
  return [...vips4, ...vips6].map((vip, at) => ({
    name: `web${at}`,
    listeners: [80, ECHO_PORT].map((port) => ({ vip, port })),
    healthCheck: {
      kind: 'http',
      port: 80,
      interval: '1s',
      fastInterval: '200ms',
      timeout: '1s',
      rise: 2,
      fall: 3,
    },
    method: vip.includes(':') ? 'gue' : 'ipip',
    backends: backends.map(({ name, ipv4, ipv6 }) => ({ name, address: vip.includes(':') ? ipv6 : ipv4 })),
  }));
}

async function addressesOf(host: LabHost): Promise<readonly string[]> {
  const answer = await host.output('ip', ['-json', 'address', 'show', 'dev', 'lan']);
  const [lan] = JSON.parse(answer) as readonly [{ readonly addr_info: readonly { readonly local: string }[] }];
  return lan.addr_info.map(({ local }) => local);
}

function urlOf(vip: string, port = 80): string {
  return `http://${vip.includes(':') ? `[${vip}]` : vip}:${port}/`;
}
