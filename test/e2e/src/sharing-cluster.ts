import { rm } from 'node:fs/promises';
import {
  CheckedConnections,
  type CheckedConnectionsOptions,
  type CheckedServer,
  type ServiceDocument,
  type SharingCounters,
  type StandardCluster,
  startCheckedServer,
  WeirCluster,
  type WeirClusterOptions,
  type WeirNode,
  waitUntil,
} from '@weir/lab';
import { backendsOf, type Family, families, type MethodName, methods } from './forwarding-cases.js';

const KEY_PREFIX = 'weir:';

/** A cluster whose nodes share flows by Redis, with {@link CheckedConnections} to its backends. */
export class SharingCluster implements AsyncDisposable {
  private constructor(
    readonly weir: WeirCluster,
    readonly servers: readonly CheckedServer[],
  ) {}

  static async start(options: WeirClusterOptions): Promise<SharingCluster> {
    const weir = await WeirCluster.start({ redis: 'single', innerMtuBytes: 1700, ...options });
    try {
      const servers = await Promise.all(
        weir.cluster.backends.map(({ name }) => startCheckedServer(weir.lab.host(name))),
      );
      return new SharingCluster(weir, servers);
    } catch (error) {
      await weir[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The Redis, or the first of them. */
  get redis() {
    const server = this.weir.redis?.servers[0];
    if (server === undefined) throw new Error('this cluster has no Redis');
    return server;
  }

  /** Opens connections from the client. */
  open(options: CheckedConnectionsOptions): Promise<CheckedConnections> {
    return CheckedConnections.open(this.weir.lab.host('client'), options);
  }

  /** @throws Error naming a host that has no node */
  node(name: string): WeirNode {
    const node = this.weir.nodes.find(({ host }) => host.name === name);
    if (node === undefined) throw new Error(`no node is called ${name}`);
    return node;
  }

  /** What a node has counted of the flows that it shares. */
  async countersOf(name: string): Promise<SharingCounters> {
    const { sharing } = await this.node(name).counters();
    if (sharing === undefined) throw new Error(`${name} shares nothing`);
    return sharing;
  }

  /** Connections that a node has in its flow table, of all services, to all backends or to some addresses. */
  async connectionsOf(name: string, to?: readonly string[]): Promise<number> {
    const { services } = await this.node(name).counters();
    return services
      .flatMap(({ backends }) => backends)
      .filter(({ address }) => to?.includes(address) ?? true)
      .reduce((sum, { activeConnections }) => sum + activeConnections, 0);
  }

  /** A host that crashed starts again, with nothing in its kernel; resolves when it is ready and has its routes. */
  async comeBack(name: string): Promise<void> {
    const { weir } = this;
    const node = this.node(name);
    const { pinDirectory } = node.document.dataplane as { readonly pinDirectory: string };
    await rm(pinDirectory, { recursive: true });
    for (const link of node.host.links) await link.up();
    await node.start();
    const running = weir.nodes.filter(({ process }) => process.end === undefined).length;
    for (const vip of Object.values(weir.cluster.vip)) await weir.waitForRoutes(vip, running);
  }

  /** How many flows the Redis has, of both directions where both are found. */
  async flowsShared(): Promise<number> {
    const servers = this.weir.redis?.servers.filter(({ isRunning }) => isRunning) ?? [];
    const counts = await Promise.all(
      servers.map(async (server) => {
        const [role] = (await server.command('ROLE')).split('\n');
        return role === 'master' ? Number(await server.command('EVAL', COUNT_FLOWS, '0', KEY_PREFIX)) : 0;
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Resolves when the Redis has at least so many flows. */
  async waitForShared(count: number, timeoutMs = 20_000): Promise<void> {
    let found = 0;
    await waitUntil(
      `${count} flows in Redis`,
      async () => {
        found = await this.flowsShared();
        return found >= count || undefined;
      },
      { timeoutMs, intervalMs: 50 },
    ).catch((cause) => {
      throw new Error(`expected ${count} flows in Redis after ${timeoutMs} ms, found ${found}`, { cause });
    });
  }

  /** What servers got and no client sent. */
  get mismatches(): readonly string[] {
    return this.servers.flatMap((server) => server.mismatches);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.weir[Symbol.asyncDispose]();
  }
}

/** Other keys are of nodes. */
const COUNT_FLOWS = `
local flows = 0
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  if string.sub(key, #ARGV[1] + 1, #ARGV[1] + 5) ~= 'node:' then flows = flows + 1 end
end
return flows`.replaceAll('\n', ' ');

/** One service of each family on the VIPs of the cluster, all ports. */
export function servicesOfMethod(method: MethodName, scheduler = 'wlc') {
  return ({ vip, backends }: StandardCluster): readonly ServiceDocument[] =>
    families.map((family: Family) => ({
      name: family,
      vip: vip[family],
      port: 'all',
      scheduler,
      ...methods[method],
      backends: backendsOf(backends, family),
    }));
}
