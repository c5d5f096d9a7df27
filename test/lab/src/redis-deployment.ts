import type { LabHost } from './lab-host.js';
import { RedisServer } from './redis-server.js';
import { waitUntil } from './wait-until.js';

export const REDIS_PORT = 6379;
const SENTINEL_PORT = 26379;
const CLUSTER_PORT = 7001;
const SENTINEL_NAME = 'weir';
/** How long a server must be silent to count as down. */
const DOWN_AFTER_MS = 1000;
const FORM_TIMEOUT_MS = 20_000;
const CLUSTER_SLOTS = 16_384;

/** One server, Sentinels with theirs, or a Redis Cluster: what holds the state of a Weir cluster in a lab. */
export interface RedisDeployment {
  readonly mode: 'single' | 'sentinel' | 'cluster';
  /** Servers that hold data: masters first, then their replicas in the same order. */
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  /** `state.redis` of weir.yaml. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** Starts one server. */
export async function startRedis(
  host: LabHost,
  { port = REDIS_PORT, settings = [] }: { readonly port?: number; readonly settings?: readonly string[] } = {},
): Promise<RedisDeployment> {
  const server = await RedisServer.start(host, { port, settings });
  return { mode: 'single', servers: [server], sentinels: [], document: { addresses: [server.address()] } };
}

/** Starts a master, a replica and three Sentinels, and returns when the Sentinels know all of them and each other. */
export async function startSentinels(host: LabHost): Promise<RedisDeployment> {
  const address = host.address('ipv4');
  const [master, replica] = await Promise.all([
    RedisServer.start(host, { port: REDIS_PORT }),
    RedisServer.start(host, { port: REDIS_PORT + 1, settings: [`replicaof ${address} ${REDIS_PORT}`] }),
  ]);
  await waitUntil(
    'the replica to be in step',
    async () => (await master.command('INFO', 'replication')).includes('state=online') || undefined,
    { timeoutMs: FORM_TIMEOUT_MS },
  );
  // https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
  const settings = [
    `sentinel monitor ${SENTINEL_NAME} ${address} ${REDIS_PORT} 2`,
    `sentinel down-after-milliseconds ${SENTINEL_NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${SENTINEL_NAME} 5000`,
  ];
  const sentinels = await Promise.all(
    [0, 1, 2].map((index) => RedisServer.start(host, { port: SENTINEL_PORT + index, settings, sentinel: true })),
  );
  await Promise.all(sentinels.map(waitForOthers));
  const addresses = sentinels.map((sentinel) => sentinel.address());
  return {
    mode: 'sentinel',
    servers: [master, replica],
    sentinels,
    document: { mode: 'sentinel', addresses, sentinelName: SENTINEL_NAME },
  };
}

async function waitForOthers(sentinel: RedisServer): Promise<void> {
  await waitUntil(
    `the Sentinel on port ${sentinel.port} to know a replica and two other Sentinels`,
    async () => {
      const fields = (await sentinel.command('SENTINEL', 'MASTER', SENTINEL_NAME)).split('\n');
      const of = (name: string) => fields[fields.indexOf(name) + 1];
      return (of('num-slaves') === '1' && of('num-other-sentinels') === '2') || undefined;
    },
    { timeoutMs: FORM_TIMEOUT_MS },
  );
}

/** Starts a Redis Cluster of three masters with a replica each, and returns when all six say that it is well. */
export async function startRedisCluster(host: LabHost): Promise<RedisDeployment> {
  const settings = ['cluster-enabled yes', `cluster-node-timeout ${DOWN_AFTER_MS}`, 'cluster-config-file nodes.conf'];
  const servers = await Promise.all(
    [0, 1, 2, 3, 4, 5].map((index) => RedisServer.start(host, { port: CLUSTER_PORT + index, settings })),
  );
  const masters = servers.slice(0, 3);
  const [first] = masters as [RedisServer];
  // What "redis-cli --cluster create" does, without its pauses: https://redis.io/docs/latest/commands/cluster-meet/
  const address = host.address('ipv4');
  await Promise.all(
    servers.map(async (server, index) => {
      await server.command('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
      const part = (n: number) => Math.floor((n * CLUSTER_SLOTS) / masters.length);
      if (index >= masters.length) return;
      await server.command('CLUSTER', 'ADDSLOTSRANGE', String(part(index)), String(part(index + 1) - 1));
    }),
  );
  await first.commands(servers.slice(1).map(({ port }) => ['CLUSTER', 'MEET', address, String(port)]));
  await Promise.all(
    masters.map(async (master, index) => {
      const id = await master.command('CLUSTER', 'MYID');
      const replica = servers[masters.length + index] as RedisServer;
      await waitUntil(
        `the server on port ${replica.port} to be the replica of the one on port ${master.port}`,
        async () => (await replica.command('CLUSTER', 'REPLICATE', id)) === 'OK' || undefined,
        { timeoutMs: FORM_TIMEOUT_MS },
      );
    }),
  );
  await Promise.all(servers.map((server) => waitForCluster(server, servers.length)));
  const addresses = servers.map((server) => server.address());
  return { mode: 'cluster', servers, sentinels: [], document: { mode: 'cluster', addresses } };
}

async function waitForCluster(server: RedisServer, size: number): Promise<void> {
  await waitUntil(
    `the server on port ${server.port} to say that the cluster of ${size} is well`,
    async () => {
      const [information, replication, nodes] = [
        await server.command('CLUSTER', 'INFO'),
        await server.command('INFO', 'replication'),
        await server.command('CLUSTER', 'NODES'),
      ];
      const replicas = nodes.split('\n').filter((line) => line.includes('slave') && line.includes('connected'));
      const isLinked = /master_link_status:up|slave0:.*state=online/.test(replication);
      return (information.includes('cluster_state:ok') && replicas.length === size / 2 && isLinked) || undefined;
    },
    { timeoutMs: FORM_TIMEOUT_MS },
  );
}
