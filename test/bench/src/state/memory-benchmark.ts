import { defaultFlowTimeouts } from '@weir/dataplane';
import { bytesToAddress, decodeFlowImage, FLOW_IMAGE_BYTES, type FlowImage, type FlowKind } from '@weir/packet';
import { FLOW_SECRET_BYTES, openRedisStore, openReplication } from '@weir/state-sync';
import { eventually, type RedisServer, sampleImages } from '@weir/state-sync/test-support';
import { Redis } from 'ioredis';
import { redisAddress, startRedis } from './local-redis.js';

/** What a flow takes in Redis. */
export interface FlowMemory {
  readonly kind: FlowKind;
  readonly family: 4 | 6;
  /** All that the server took for it: its keys and records, its share of the tables. */
  readonly bytes: number;
  /** Of the same flow as JSON, by the same number of plain SET. */
  readonly jsonBytes: number;
}

const TTL_SECONDS = 300;
const cases = (['plain', 'nat', 'fullnat'] as const).flatMap((kind) =>
  ([4, 6] as const).map((family) => ({ kind, family })),
);

/** Compares Redis's memory with flows in it and without, as Weir writes them and as JSON. */
export async function benchmarkMemory(flows: number, say: (line: string) => void): Promise<FlowMemory[]> {
  const memories: FlowMemory[] = [];
  for (const { kind, family } of cases) {
    const images = sampleImages(flows, kind, family);
    const bytes = (await memoryOf(() => tellAll(images, flows))) / flows;
    const jsonBytes = (await memoryOf(() => writeJson(images))) / flows;
    say(`${kind} over IPv${family}: ${bytes.toFixed(0)} bytes`);
    memories.push({ kind, family, bytes, jsonBytes });
  }
  return memories;
}

/** Each time a server of its own: what another one has left in memory is no matter. */
async function memoryOf(write: () => Promise<void>): Promise<number> {
  await using redis = await startRedis();
  const before = await usedMemory(redis);
  await write();
  return (await usedMemory(redis)) - before;
}

/** Once clients are gone, whose buffers count, too, and tables have their new size. */
async function usedMemory(redis: RedisServer): Promise<number> {
  await eventually('the clients to be gone', async () => (await redis.info('clients', 'connected_clients')) === 1);
  return redis.info('memory', 'used_memory');
}

async function tellAll(images: Uint8Array, flows: number): Promise<void> {
  await using store = await openRedisStore({ mode: 'single', addresses: [redisAddress] });
  await using replication = await openReplication({
    store,
    nodeName: 'bench',
    secret: new Uint8Array(FLOW_SECRET_BYTES).fill(7),
    timeouts: defaultFlowTimeouts,
    queueMax: flows,
  });
  replication.tell(images);
  await eventually('all flows to be told', () => replication.status().told === flows);
}

/** As one would without a thought of memory: what the flow is known by is the key, and all that Weir's records say is in the value. */
async function writeJson(images: Uint8Array): Promise<void> {
  const client = new Redis(`redis://${redisAddress}`);
  let pipeline = client.pipeline();
  for (let at = 0; at < images.byteLength; at += FLOW_IMAGE_BYTES) {
    const { key, value, answerKey } = jsonOf(decodeFlowImage(images, at) as FlowImage);
    pipeline.set(key, value, 'EX', TTL_SECONDS);
    if (answerKey !== undefined) pipeline.set(answerKey, key, 'EX', TTL_SECONDS);
    if (pipeline.length < 1000) continue;
    await pipeline.exec();
    pipeline = client.pipeline();
  }
  await pipeline.exec();
  await client.quit();
}

function jsonOf(flow: FlowImage): { readonly key: string; readonly value: string; readonly answerKey?: string } {
  const text = ({ address, port }: { address: Uint8Array; port: number }) => `${bytesToAddress(address)}:${port}`;
  const { protocol, state, kind, service, client, vip, backend, local } = flow;
  const key = `weir:${protocol}:${text(client)}:${text(vip)}`;
  const record = { version: 1, owner: 'node1', state, kind, service, client: text(client), backend: text(backend) };
  if (local === undefined) return { key, value: JSON.stringify(record) };
  const answerKey = `weir:${protocol}:${text(backend)}:${text(local)}`;
  return { key, value: JSON.stringify({ ...record, local: text(local) }), answerKey };
}
