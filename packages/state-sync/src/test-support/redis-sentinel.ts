import { eventually, freePorts } from '@weir/errors/test-support';
import { RedisServer, type RedisServerSettings } from './redis-server.js';

export const SENTINEL_MASTER = 'weir';

/** A master, a replica, and a Sentinel that makes the replica the master half a second after the master has gone. */
export class RedisSentinel implements AsyncDisposable {
  private constructor(
    readonly servers: readonly [RedisServer, RedisServer],
    readonly sentinel: RedisServer,
  ) {}

  static async start(settings: Pick<RedisServerSettings, 'wrapper'> = {}): Promise<RedisSentinel> {
    const [first = 0, second = 0, third = 0] = await freePorts(3);
    const started: RedisServer[] = [];
    const start = async (port: number, lines: readonly string[], isSentinel = false) => {
      const server = await RedisServer.start({ ...settings, port, lines, isSentinel });
      started.push(server);
      return server;
    };
    try {
      const master = await start(first, []);
      const replica = await start(second, [`replicaof 127.0.0.1 ${first}`, 'repl-diskless-sync-delay 0']);
      await eventually('the replica to be in step', async () =>
        String(await replica.command('INFO', 'replication')).includes('master_link_status:up'),
      );
      const sentinel = await start(
        third,
        [
          `sentinel monitor ${SENTINEL_MASTER} 127.0.0.1 ${first} 1`,
          `sentinel down-after-milliseconds ${SENTINEL_MASTER} 500`,
          `sentinel failover-timeout ${SENTINEL_MASTER} 3000`,
        ],
        true,
      );
      // One that stood still for two seconds acts no more for so long, by default 30 s.
      await sentinel.command('SENTINEL', 'DEBUG', 'tilt-period', 1_000);
      await eventually('the Sentinel to know the replica', async () =>
        String(await sentinel.command('INFO', 'sentinel')).includes('slaves=1'),
      );
      return new RedisSentinel([master, replica], sentinel);
    } catch (error) {
      for (const server of started) await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Of the Sentinel. */
  get address(): string {
    return `127.0.0.1:${this.sentinel.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of [this.sentinel, ...this.servers]) await server[Symbol.asyncDispose]();
  }
}
