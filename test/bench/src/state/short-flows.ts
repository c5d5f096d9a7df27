import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { BenchNetwork } from '../dataplane/bench-network.js';
import { clientPacket, firstPacket } from '../dataplane/traffic.js';
import { Arrivals } from './arrivals.js';
import { BenchNode } from './bench-node.js';
import { redisAddress, startRedis } from './local-redis.js';
import { PacedSender } from './paced-sender.js';

/** What Redis was asked for while flows passed. */
export interface RedisOperations {
  readonly flowsAre: 'short' | 'long';
  readonly flows: number;
  /** That came out to backends. */
  readonly forwarded: number;
  /** Commands of flows: not those by which nodes say that they are there. */
  readonly commands: number;
  /** What scripts carried out. */
  readonly withinScripts: number;
}

const traffic = { family: 'ipv4', sent: 'tcp-ack', state: 'known', forwarding: { method: 'ipip' } } as const;
const PACE = 100_000;
/** Flows are told from 3 s on; a tick of a second, and a batch, may come on top. */
const TOLD_BY_MS = 4_500;
/** Of all keys of {@link Presence}. */
const PRESENCE_KEY = 'weir:node:';

/** Passes flows that are over soon, and flows that go on, through a node, and counts what it asks Redis for. */
export async function countRedisOperations(
  network: BenchNetwork,
  flows: number,
  say: (line: string) => void,
): Promise<RedisOperations[]> {
  await using _redis = await startRedis();
  using sender = new PacedSender(network.far.ifindex);
  using arrivals = new Arrivals(network.far.interface);
  await using _node = await BenchNode.start({ name: 'short', network, takeoversPerSecond: PACE });
  const ack = clientPacket(traffic);
  const results: RedisOperations[] = [];
  for (const [index, flowsAre] of (['short', 'long'] as const).entries()) {
    const first = index * flows;
    await using commands = await CommandCount.begin();
    await sender.send(firstPacket(traffic), { first, flows, pace: PACE });
    await sender.send(ack, { first, flows, pace: PACE });
    await wait(TOLD_BY_MS);
    if (flowsAre === 'long') await sender.send(ack, { first, flows, pace: PACE });
    // Longer than a batch waits.
    await wait(TOLD_BY_MS / 10);
    const forwarded = arrivals.count(first + flows) - first;
    const { ofClients, ofScripts } = commands;
    say(`${flows} ${flowsAre} flows: ${ofClients} commands`);
    results.push({ flowsAre, flows, forwarded, commands: ofClients, withinScripts: ofScripts });
  }
  return results;
}

/** Counts what the server carries out, but for what nodes say of themselves. */
class CommandCount implements AsyncDisposable {
  ofClients = 0;
  ofScripts = 0;

  private constructor(
    readonly client: Redis,
    readonly monitor: Redis,
  ) {
    monitor.on('monitor', (_time: string, args: readonly string[], source: string) => {
      if (args.some((arg) => arg.startsWith(PRESENCE_KEY))) return;
      if (source === 'lua') this.ofScripts++;
      else this.ofClients++;
    });
  }

  /** https://redis.io/docs/latest/commands/monitor/ */
  static async begin(): Promise<CommandCount> {
    const client = new Redis(`redis://${redisAddress}`);
    return new CommandCount(client, await client.monitor());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.monitor.disconnect();
    this.client.disconnect();
  }
}
