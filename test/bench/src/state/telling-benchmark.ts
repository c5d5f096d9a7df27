import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Summary, summarize } from '../statistics.js';
import { redisAddress, startRedis } from './local-redis.js';
import type { TellingRound, TellingWork } from './telling-worker.js';

const WORKER = fileURLToPath(new URL('telling-worker.js', import.meta.url));
const run = promisify(execFile);

/** Which CPUs: one for both, or one for each. */
const placements = [
  { cpus: 1, nodeCpu: 0, redisCpu: 0 },
  { cpus: 2, nodeCpu: 0, redisCpu: 1 },
] as const;

/** How fast flows get to Redis. */
export interface TellingSpeed {
  readonly writer: TellingRound['writer'];
  /** That Node.js and Redis have together. */
  readonly cpus: number;
  readonly flowsPerSecond: Summary;
  /** CPU time of a flow. */
  readonly nodeNs: number;
  readonly redisNs: number;
}

/** Writes the same flows as Weir does and by plain pipelines of SET, with one CPU and with two. */
export async function benchmarkTelling(
  { flows, runs }: { readonly flows: number; readonly runs: number },
  say: (line: string) => void,
): Promise<TellingSpeed[]> {
  const speeds: TellingSpeed[] = [];
  for (const { cpus, nodeCpu, redisCpu } of placements) {
    await using redis = await startRedis(redisCpu);
    const work: TellingWork = { address: redisAddress, flows, rounds: runs };
    const command = ['--pdeathsig', 'KILL', 'taskset', '--cpu-list', String(nodeCpu), process.execPath, WORKER];
    const { stdout } = await run('setpriv', [...command, JSON.stringify(work)]);
    const rounds = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as TellingRound);
    for (const writer of ['weir', 'plain'] as const) {
      const speed = speedOf(
        rounds.filter((round) => round.writer === writer),
        flows,
      );
      say(
        `told by ${writer} with ${cpus} CPUs, redis-server ${redis.pid}: ${speed.flowsPerSecond.median.toFixed(0)}/s`,
      );
      speeds.push({ writer, cpus, ...speed });
    }
  }
  return speeds;
}

function speedOf(
  rounds: readonly TellingRound[],
  flows: number,
): Pick<TellingSpeed, 'flowsPerSecond' | 'nodeNs' | 'redisNs'> {
  const nsOfFlow = (of: (round: TellingRound) => number) => (summarize(rounds.map(of)).median / flows) * 1e6;
  return {
    flowsPerSecond: summarize(rounds.map(({ ms }) => (flows / ms) * 1000)),
    nodeNs: nsOfFlow(({ nodeMs }) => nodeMs),
    redisNs: nsOfFlow(({ redisMs }) => redisMs),
  };
}
