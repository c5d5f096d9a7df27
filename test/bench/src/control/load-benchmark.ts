import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { WeirCluster, type WeirNode } from '@weir/lab';
import { BenchError } from '../bench-error.js';
import { type Summary, summarize } from '../statistics.js';
import { ROOT } from './control-lab.js';
import type { LoadTimes } from './load-worker.js';
import { timeOf } from './logged-times.js';
import { fillEtcd } from './write-to-etcd.js';

const WORKER = fileURLToPath(new URL('load-worker.js', import.meta.url));
const SERVICES = 10;
const START_TIMEOUT_MS = 120_000;

/** How soon a node that starts has everything that etcd has; ms. */
export interface LoadFigures {
  readonly backends: number;
  /** From nothing until the configuration is there. */
  readonly loaded: Summary;
  /** From nothing until the tables are in force. */
  readonly inForce: Summary;
}

/** Starts a node on an etcd with many backends behind a router, some times. */
export async function benchmarkLoad(
  { backends, runs }: { readonly backends: number; readonly runs: number },
  say: (line: string) => void,
): Promise<LoadFigures> {
  await using weir = await WeirCluster.start({
    nodes: 1,
    backends: 1,
    etcd: 'single',
    nodeOptions: { drain: '10ms', dataplane: { maxServices: 64, maxBackends: 2 * backends } },
  });
  const node = weir.nodes[0] as WeirNode;
  await node.process.stop();
  const endpoint = weir.etcd?.servers[0]?.endpoint as string;
  const services = Array.from({ length: SERVICES }, (_, index) => ({
    key: `${ROOT}/services/many${index}`,
    value: JSON.stringify({ vip: `198.51.100.${100 + index}`, port: 80, method: 'ipip' }),
  }));
  const keys = Array.from({ length: backends }, (_, index) => ({
    key: `${ROOT}/backends/many${index % SERVICES}/backend${index}`,
    value: JSON.stringify({ address: addressOf(index) }),
  }));
  await fillEtcd(weir.lab.host('etcd'), endpoint, [...services, ...keys]);
  say(`etcd has ${backends} backends`);
  const times: StartTimes[] = [];
  for (let run = 1; run <= runs; run++) {
    times.push(await startOnce(node));
    say(`run ${run} of ${runs}: ${JSON.stringify(times.at(-1))}`);
  }
  return {
    backends,
    loaded: summarize(times.map(({ loadedMs }) => loadedMs)),
    inForce: summarize(times.map(({ inForceMs }) => inForceMs)),
  };
}

/** In networks behind the router. */
function addressOf(index: number): string {
  return `10.${64 + (index >> 16)}.${(index >> 8) & 0xff}.${index & 0xff}`;
}

/** Of one start, in ms. */
interface StartTimes {
  readonly loadedMs: number;
  readonly inForceMs: number;
}

async function startOnce(node: WeirNode): Promise<StartTimes> {
  // What is pinned would be taken over.
  await rm((node.document.dataplane as { readonly pinDirectory: string }).pinDirectory, {
    recursive: true,
    force: true,
  });
  const worker = node.host.spawn(process.execPath, [WORKER, node.configFile], { name: 'load-worker' });
  const line = await worker.waitForLine(/^\{"backends":/, { timeoutMs: START_TIMEOUT_MS });
  const { code } = await worker.exited;
  const tables = worker.lines.find((said) => said.includes('"msg":"tables changed"'));
  if (code === 0 && tables !== undefined) {
    const { beganMs, loadedMs } = JSON.parse(line) as LoadTimes;
    return { loadedMs, inForceMs: timeOf(tables) - beganMs };
  }
  throw new BenchError('BENCH_PATH_BROKEN', `the node ended with ${code}: ${worker.lines.slice(-3).join('\n')}`);
}
