import { RedisServer } from '@weir/state-sync/test-support';

const PORT = 6379;

/** A server on the loopback interface of this process's own namespace, where no other one is; on one CPU, if it says so. */
export function startRedis(cpu?: number): Promise<RedisServer> {
  return RedisServer.start({
    port: PORT,
    ...(cpu === undefined ? {} : { wrapper: ['taskset', '--cpu-list', String(cpu)] }),
  });
}

/** Where {@link startRedis} has it. */
export const redisAddress = `127.0.0.1:${PORT}`;
