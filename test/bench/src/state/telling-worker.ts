/**
 * The program that {@link benchmarkTelling} pins to a CPU: writes the same flows to Redis as Weir does, and plainly, in
 * turns. Prints a line of JSON for each round, {@link TellingRound}. Arguments: {@link TellingWork} as JSON.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { defaultFlowTimeouts } from '@weir/dataplane';
import { FLOW_IMAGE_BYTES } from '@weir/packet';
import { FLOW_SECRET_BYTES, openRedisStore, openReplication } from '@weir/state-sync';
import { sampleImages } from '@weir/state-sync/test-support';
import { Redis } from 'ioredis';
import { plainFlows, writePlainly } from './plain-writes.js';

export interface TellingWork {
  /** host:port */
  readonly address: string;
  /** Of each round. */
  readonly flows: number;
  readonly rounds: number;
}

/** What writing the flows took. CPU time is that of Node.js and of Redis. */
export interface TellingRound {
  readonly writer: 'weir' | 'plain';
  readonly ms: number;
  readonly nodeMs: number;
  readonly redisMs: number;
}

/** As many as a busy data plane hands over at a time, and as many as then wait. */
const FLOWS_AT_ONCE = 4096;
const WAITING_MAX = 4 * FLOWS_AT_ONCE;
/** Not all the time: the CPU is also Redis's. */
const LOOK_MS = 1;

const { address, flows, rounds } = JSON.parse(process.argv[2] as string) as TellingWork;
const client = new Redis(`redis://${address}`);
await using store = await openRedisStore({ mode: 'single', addresses: [address] });
await using replication = await openReplication({
  store,
  nodeName: 'bench',
  secret: new Uint8Array(FLOW_SECRET_BYTES).fill(7),
  timeouts: defaultFlowTimeouts,
});
const images = sampleImages(flows);
const plain = plainFlows(images);
while (!replication.isAvailable) await wait(LOOK_MS);

// The first round is not kept: code is compiled, memory is taken.
for (let round = 0; round <= rounds; round++) {
  for (const [writer, write] of [
    ['weir', tell],
    ['plain', () => writePlainly(client, plain)],
  ] as const) {
    await client.flushall();
    const result = await measured(writer, write);
    if (round > 0) process.stdout.write(`${JSON.stringify(result)}\n`);
  }
}
client.disconnect();

/** All of them, and until the store has all. */
async function tell(): Promise<void> {
  const before = replication.status().told;
  for (let from = 0; from < images.byteLength; from += FLOWS_AT_ONCE * FLOW_IMAGE_BYTES) {
    replication.tell(images.subarray(from, from + FLOWS_AT_ONCE * FLOW_IMAGE_BYTES));
    do await wait(LOOK_MS);
    while (replication.status().queued > WAITING_MAX);
  }
  while (replication.status().told - before < flows) await wait(LOOK_MS);
}

async function measured(writer: TellingRound['writer'], write: () => Promise<void>): Promise<TellingRound> {
  const redisBefore = await redisCpuMs();
  const nodeBefore = process.cpuUsage();
  const begun = performance.now();
  await write();
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(nodeBefore);
  const keys = await client.dbsize();
  if (keys !== flows) throw new Error(`expected ${flows} keys in Redis, found ${keys}`);
  return { writer, ms, nodeMs: (user + system) / 1000, redisMs: (await redisCpuMs()) - redisBefore };
}

/** https://redis.io/docs/latest/commands/info/: seconds of the server's process. */
async function redisCpuMs(): Promise<number> {
  const text = await client.info('cpu');
  const seconds = (field: string) => Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(text)?.[1]);
  return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1000;
}
