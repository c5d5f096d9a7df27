import { setTimeout as wait } from 'node:timers/promises';
import type { RedisServer } from '@weir/state-sync/test-support';
import type { BenchNetwork } from '../dataplane/bench-network.js';
import { clientPacket, firstPacket } from '../dataplane/traffic.js';
import { Trampoline } from '../dataplane/trampoline.js';
import { Arrivals } from './arrivals.js';
import { BenchNode } from './bench-node.js';
import { startRedis } from './local-redis.js';
import { PacedSender } from './paced-sender.js';

/** What Redis was asked for while flows passed. */
export interface RedisOperations {
  readonly flowsAre: 'short' | 'long';
  readonly flows: number;
  /** That came out to backends. */
  readonly forwarded: number;
  /** Commands of clients, by their names. */
  readonly commands: Readonly<Record<string, number>>;
  /** Of records, those inside of scripts included. */
  readonly writes: number;
}

const traffic = { family: 'ipv4', sent: 'tcp-ack', state: 'known', forwarding: { method: 'ipip' } } as const;
const PACE = 100_000;
/** Flows are told from 3 s on; a tick of a second, and a batch, may come on top. */
const TOLD_BY_MS = 4_500;
/** What opening connections and asking for these counts takes. */
const housekeeping = /^(info|client|command|hello|select|ping|script|subscribe|auth|readonly)/;

/** Passes flows that are over soon, and flows that go on, through a node, and counts what it asks Redis for. */
export async function countRedisOperations(
  network: BenchNetwork,
  flows: number,
  say: (line: string) => void,
): Promise<RedisOperations[]> {
  await using redis = await startRedis();
  using trampoline = new Trampoline();
  using arrivals = new Arrivals(network.far.interface);
  await using _node = await BenchNode.start({ name: 'short', network, takeoversPerSecond: PACE });
  const sender = new PacedSender(trampoline, network.far.ifindex, PACE);
  const ack = clientPacket(traffic);
  const results: RedisOperations[] = [];
  for (const [index, flowsAre] of (['short', 'long'] as const).entries()) {
    const first = index * flows;
    arrivals.reset();
    await redis.command('CONFIG', 'RESETSTAT');
    await sender.send(firstPacket(traffic), first, flows);
    await sender.send(ack, first, flows);
    await wait(TOLD_BY_MS);
    if (flowsAre === 'long') await sender.send(ack, first, flows);
    // Longer than a batch waits.
    await wait(TOLD_BY_MS / 10);
    const commands = await commandsOf(redis);
    const forwarded = arrivals.count(first + flows);
    const writes = commands.set ?? 0;
    say(`${flows} ${flowsAre} flows: ${JSON.stringify(commands)}`);
    results.push({ flowsAre, flows, forwarded, commands, writes });
  }
  return results;
}

/** https://redis.io/docs/latest/commands/info/: commandstats. */
async function commandsOf(redis: RedisServer): Promise<Readonly<Record<string, number>>> {
  const text = String(await redis.command('INFO', 'commandstats'));
  const counts = [...text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)];
  return Object.fromEntries(
    counts.filter(([, name]) => !housekeeping.test(name as string)).map(([, name, calls]) => [name, Number(calls)]),
  );
}
