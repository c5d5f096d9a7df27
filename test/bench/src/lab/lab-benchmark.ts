import { BenchError } from '../bench-error.js';
import { disturbanceOf, type Sample } from './comparison.js';
import type { Contender, ContenderName, Path, Scale } from './contender.js';
import { cpuSince, machineCpu, otherProcessesCpuUs, processesCpuUs } from './cpu-time.js';
import { startDirect } from './direct-contender.js';
import { startHaproxy } from './haproxy-contender.js';
import { startNftables } from './nftables-contender.js';
import { startNginxStream } from './nginx-stream-contender.js';
import { startWeir } from './weir-contender.js';
import { type ResponseSize, runWrk, type Workload, workloadsFor, writeResponses } from './workload.js';

export interface LabBenchmarkOptions extends Scale {
  readonly contenders: readonly ContenderName[];
  /** What requests ask for. */
  readonly responses: readonly ResponseSize[];
  readonly rounds: number;
  /** Of each run. */
  readonly seconds: number;
}

export interface LabBenchmarkResult {
  readonly setups: Readonly<Partial<Record<ContenderName, string>>>;
  readonly samples: readonly Sample[];
}

/** A run is repeated that shared the machine with other work by more than this, so many times. */
const DISTURBANCE_MAX = 0.05;
const REPETITIONS_MAX = 3;

const starters: Readonly<Record<ContenderName, Contender>> = {
  weir: startWeir,
  nftables: startNftables,
  'nginx-stream': startNginxStream,
  haproxy: startHaproxy,
  direct: startDirect,
};

/**
 * Brings up a lab for each contender, loads one at a time, in rounds, and takes all of them down. What disturbs the
 * machine for a while disturbs a round of everybody, not all rounds of one.
 *
 * @param say  learns what goes on, a line at a time
 * @throws {BenchError} BENCH_PATH_BROKEN when a contender does not answer at all
 */
export async function runLabBenchmark(
  options: LabBenchmarkOptions,
  say: (line: string) => void,
): Promise<LabBenchmarkResult> {
  const paths = new Map<ContenderName, Path>();
  try {
    for (const name of options.contenders) {
      say(`bringing up ${name}`);
      const path = await starters[name](options);
      paths.set(name, path);
      await writeResponses(path.client);
      await assertAnswers(name, path);
      say(`  ${path.setup}`);
    }
    const samples: Sample[] = [];
    for (const workload of workloadsFor(options.responses)) {
      for (let round = 1; round <= options.rounds; round++) {
        for (const [contender, path] of paths) {
          const sample = await measureInPeace(contender, path, workload, round, options.seconds);
          samples.push(sample);
          say(
            `${workload.name}, round ${round}, ${contender}: ${Math.round(sample.report.requestsPerSecond)} requests/s`,
          );
        }
      }
    }
    return { setups: Object.fromEntries([...paths].map(([name, { setup }]) => [name, setup])), samples };
  } finally {
    for (const path of paths.values()) await path[Symbol.asyncDispose]();
  }
}

/** The least disturbed of a few runs: the first that is not disturbed ends the search. */
async function measureInPeace(...run: Parameters<typeof measure>): Promise<Sample> {
  let best = await measure(...run);
  for (let repetition = 0; repetition < REPETITIONS_MAX && disturbanceOf(best) > DISTURBANCE_MAX; repetition++) {
    const next = await measure(...run);
    if (disturbanceOf(next) < disturbanceOf(best)) best = next;
  }
  return best;
}

async function measure(
  contender: ContenderName,
  path: Path,
  workload: Workload,
  round: number,
  seconds: number,
): Promise<Sample> {
  const nodePids = path.nodes.flatMap((node) => node.pids());
  const labPids = new Set(path.lab.hosts.flatMap((host) => host.pids()));
  const readCpu = () => ({
    machine: machineCpu(),
    nodesUs: processesCpuUs(nodePids),
    othersUs: otherProcessesCpuUs(labPids),
  });
  const before = readCpu();
  const report = await runWrk(path.client, path.url, workload, seconds);
  const after = readCpu();
  return {
    contender,
    workload: workload.name,
    round,
    report,
    machine: cpuSince(before.machine, after.machine),
    nodeProcessesUs: after.nodesUs - before.nodesUs,
    otherProcessesUs: after.othersUs - before.othersUs,
  };
}

async function assertAnswers(name: ContenderName, path: Path): Promise<void> {
  const { code, stdout, stderr } = await path.client.run('curl', ['-sSgm', '10', path.url]);
  if (code === 0 && stdout.includes('"backend"')) return;
  throw new BenchError(
    'BENCH_PATH_BROKEN',
    `${name}: expected the page of a backend at ${path.url}; found ${stderr || stdout}`,
  );
}
