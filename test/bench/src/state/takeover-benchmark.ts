import { BenchError } from '../bench-error.js';
import type { BenchNetwork } from '../dataplane/bench-network.js';
import { clientPacket, firstPacket } from '../dataplane/traffic.js';
import { Arrivals } from './arrivals.js';
import { BenchNode } from './bench-node.js';
import { startRedis } from './local-redis.js';
import { PacedSender } from './paced-sender.js';

export interface TakeoverOptions {
  readonly flows: number;
  /** Packets a second that the clients send, of all flows together. */
  readonly pace: number;
  /** That the node accepts at most. */
  readonly takeoversPerSecond: number;
}

/** How soon flows moved on, of which every client sends a packet, one after the other. */
export interface TakeoverTime {
  /** taken over: nobody on the node knew them. known: the same packets again, to compare. */
  readonly flowsAre: 'taken over' | 'known';
  readonly flows: number;
  readonly pace: number;
  /** From the first packet until so many had moved. */
  readonly halfMs: number;
  readonly allMs: number;
  /** CPU time of the node's daemon for a flow; interrupts that came while it ran are in it. */
  readonly nodeNs: number;
  /** That never moved, though their clients sent several times: those that were not told, and so nobody knows. */
  readonly lost: number;
  /** That went to another backend once, which resets them. */
  readonly elsewhere: number;
}

const traffic = { family: 'ipv4', sent: 'tcp-ack', state: 'known', forwarding: { method: 'ipip' } } as const;
/** Taken over before the clock runs: the node's code is compiled then, as on a node that has run for a while. */
const WARM_FLOWS = 10_000;
const WARM_PACE = 10_000;
/** Every client sends again, if it must. */
const ROUNDS_MAX = 5;
/** A few flows may find no place in the flow table. */
const TOLD_MIN = 0.9995;
const TELL_TIMEOUT_MS = 60_000;
const FAST = 200_000;

/**
 * Kills a node that has told Redis of its flows, and sends their packets to another one, as frames that come in by its
 * interface, until all have come out to the backends that they had.
 */
export async function benchmarkTakeover(
  network: BenchNetwork,
  { flows, pace, takeoversPerSecond }: TakeoverOptions,
  say: (line: string) => void,
): Promise<TakeoverTime[]> {
  await using redis = await startRedis();
  using sender = new PacedSender(network.far.ifindex);
  using arrivals = new Arrivals(network.far.interface);
  const ack = clientPacket(traffic);
  const all = flows + WARM_FLOWS;
  {
    await using former = await BenchNode.start({ name: 'former', network, takeoversPerSecond });
    await sender.send(firstPacket(traffic), { first: 0, flows: all, pace: FAST });
    await sender.send(ack, { first: 0, flows: all, pace: FAST });
    const deadline = performance.now() + TELL_TIMEOUT_MS;
    while (Number(await redis.command('DBSIZE')) < all * TOLD_MIN) {
      if (performance.now() > deadline) throw notTold(all, Number(await redis.command('DBSIZE')));
      await sender.send(ack, { first: 0, flows: all, pace: FAST });
    }
    say(`${all} flows are in Redis; their node is killed`);
    await former.crash();
  }
  await using other = await BenchNode.start({ name: 'other', network, takeoversPerSecond });
  await sender.send(ack, { first: flows, flows: WARM_FLOWS, pace: WARM_PACE });
  const times: TakeoverTime[] = [];
  for (const flowsAre of ['taken over', 'known'] as const) {
    const cpuMs = other.cpuMs;
    arrivals.reset();
    let rounds = 0;
    do await sender.send(ack, { first: 0, flows, pace });
    while (arrivals.count(flows) < flows && ++rounds < ROUNDS_MAX);
    const { ms, elsewhere } = arrivals.of(flows);
    const at = (share: number) => ms[Math.ceil(share * ms.length) - 1] ?? Number.NaN;
    const nodeNs = ((other.cpuMs - cpuMs) / flows) * 1e6;
    times.push({ flowsAre, flows, pace, halfMs: at(0.5), allMs: at(1), nodeNs, lost: flows - ms.length, elsewhere });
    say(`${ms.length} of ${flows} flows, ${flowsAre}, have moved after ${at(1).toFixed(0)} ms`);
  }
  await other.crash();
  return times;
}

function notTold(expected: number, found: number): BenchError {
  return new BenchError(
    'BENCH_PATH_BROKEN',
    `expected ${expected} flows in Redis after ${TELL_TIMEOUT_MS / 1000} s, found ${found}`,
  );
}
