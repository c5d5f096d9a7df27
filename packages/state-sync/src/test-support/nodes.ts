import type { ExecutionContext } from 'ava';
import type { RedisStoreOptions } from '../redis-options.js';
import { openRedisStore } from '../redis-store.js';
import { type FlowReplication, openReplication, type ReplicationOptions } from '../replication.js';

export const testTimeouts = {
  tcpSynMs: 60_000,
  tcpEstablishedMs: 900_000,
  tcpFinMs: 120_000,
  tcpCloseMs: 750,
  udpMs: 300_000,
  otherMs: 300_000,
};
export const testSecret = Buffer.alloc(16, 7);

export interface TestNode {
  readonly replication: FlowReplication;
  /** Lines of the log: level and message. */
  readonly logged: string[];
  /** How often the store came back. */
  returns: number;
}

/** A node with a connection to Redis of its own, until the test ends. */
export async function startNode(
  t: ExecutionContext,
  nodeName: string,
  redis: Omit<RedisStoreOptions, 'log'>,
  options: Partial<ReplicationOptions> = {},
): Promise<TestNode> {
  const logged: string[] = [];
  const log = (level: string, message: string) => logged.push(`${level}: ${message}`);
  const store = openRedisStore({ ...redis, log });
  t.teardown(() => store[Symbol.asyncDispose]());
  const replication = await openReplication({
    store,
    nodeName,
    secret: testSecret,
    timeouts: testTimeouts,
    log,
    ...options,
  });
  t.teardown(() => replication[Symbol.asyncDispose]());
  const node: TestNode = { replication, logged, returns: 0 };
  replication.onReturn(() => node.returns++);
  return node;
}
