import { eventually, freePorts } from '@weir/errors/test-support';
import { RedisServer, type RedisServerSettings } from './redis-server.js';

const MASTERS = 3;
const SLOTS = 16_384;

/** Three masters with a third of the slots each, and a replica each, which takes over a second after its master has gone. */
export class RedisCluster implements AsyncDisposable {
  private constructor(
    readonly masters: readonly RedisServer[],
    readonly replicas: readonly RedisServer[],
  ) {}

  static async start(settings: Pick<RedisServerSettings, 'wrapper'> = {}): Promise<RedisCluster> {
    const ports = await freePorts(4 * MASTERS);
    const started: RedisServer[] = [];
    try {
      for (let i = 0; i < 2 * MASTERS; i++) {
        const lines = [
          'cluster-enabled yes',
          'cluster-node-timeout 1000',
          `cluster-port ${ports[2 * MASTERS + i]}`,
          'repl-diskless-sync-delay 0',
        ];
        started.push(await RedisServer.start({ ...settings, port: ports[i] as number, lines }));
      }
      const cluster = new RedisCluster(started.slice(0, MASTERS), started.slice(MASTERS));
      await cluster.#form(ports.slice(2 * MASTERS));
      return cluster;
    } catch (error) {
      for (const server of started) await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  get addresses(): string[] {
    return [...this.masters, ...this.replicas].map(({ port }) => `127.0.0.1:${port}`);
  }

  /** Keys on all masters together. */
  async keys(): Promise<number> {
    const sizes = await Promise.all(this.masters.map((server) => server.command('DBSIZE')));
    return sizes.reduce<number>((sum, size) => sum + Number(size), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of [...this.masters, ...this.replicas]) await server[Symbol.asyncDispose]();
  }

  async #form(busPorts: readonly number[]): Promise<void> {
    const servers = [...this.masters, ...this.replicas];
    const [first] = servers as [RedisServer];
    // Different epochs from the start: servers with the same one would have to settle it first.
    for (const [index, server] of servers.entries()) await server.command('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    for (const [index, server] of servers.entries()) {
      await first.command('CLUSTER', 'MEET', '127.0.0.1', server.port, busPorts[index] as number);
    }
    for (const [index, master] of this.masters.entries()) {
      const slot = (n: number) => Math.floor((n * SLOTS) / MASTERS);
      await master.command('CLUSTER', 'ADDSLOTSRANGE', slot(index), slot(index + 1) - 1);
    }
    const hasMetAll = async (server: RedisServer) =>
      String(await server.command('CLUSTER', 'INFO')).includes(`cluster_known_nodes:${servers.length}`);
    for (const server of servers) await eventually('the servers to meet', () => hasMetAll(server));
    for (const [index, replica] of this.replicas.entries()) {
      const id = String(await (this.masters[index] as RedisServer).command('CLUSTER', 'MYID'));
      await eventually('the replica to accept its master', () =>
        replica.command('CLUSTER', 'REPLICATE', id).catch(() => undefined),
      );
    }
    for (const server of servers) {
      await eventually('the cluster to be complete', async () =>
        String(await server.command('CLUSTER', 'INFO')).includes('cluster_state:ok'),
      );
    }
    for (const replica of this.replicas) {
      await eventually('the replicas to be in step', async () =>
        String(await replica.command('INFO', 'replication')).includes('master_link_status:up'),
      );
    }
  }
}
