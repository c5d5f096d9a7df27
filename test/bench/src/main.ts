import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { WeirError } from '@weir/errors';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type ControlBenchmarkOptions, controlParts, runControlBenchmark } from './control/control-benchmark.js';
import { renderControl } from './control/control-report.js';
import {
  type DataplaneBenchmarkOptions,
  dataplaneParts,
  runDataplaneBenchmark,
} from './dataplane/dataplane-benchmark.js';
import { renderDataplane } from './dataplane/dataplane-report.js';
import { type DirectorBenchmarkOptions, runDirectorBenchmark } from './director/director-benchmark.js';
import { renderDirector } from './director/director-report.js';
import { type HealthBenchmarkOptions, probeKinds, runHealthBenchmark } from './health/health-benchmark.js';
import { renderHealth } from './health/health-report.js';
import { compare } from './lab/comparison.js';
import { type ContenderName, contenderNames, type Family, type XdpMode, xdpModes } from './lab/contender.js';
import { runLabBenchmark } from './lab/lab-benchmark.js';
import { renderComparison } from './lab/lab-report.js';
import { type ResponseSize, responseSizes } from './lab/workload.js';
import { describeMachine, thisMachine } from './machine.js';
import { type MetricsBenchmarkOptions, runMetricsBenchmark } from './metrics/metrics-benchmark.js';
import { renderMetrics } from './metrics/metrics-report.js';
import { mostExpensive, profileCpu } from './portable/cpu-profile.js';
import { type PortableBenchmarkOptions, runPortableBenchmark } from './portable/portable-benchmark.js';
import { renderPortable, renderProfile } from './portable/portable-report.js';
import { runStateBenchmark, type StateBenchmarkOptions, stateParts } from './state/state-benchmark.js';
import { renderState } from './state/state-report.js';

const write = (text: string) => process.stdout.write(`${text}\n`);
/** Progress is not part of the result: it does not go where that goes. */
const say = (line: string) => process.stderr.write(`${line}\n`);
const isTerminal = process.stdout.isTTY === true;

const program = new Command('npm run bench --').description('Measures Weir on this machine. Needs root.');

program
  .command('lab')
  .description('the same HTTP load through Weir, nftables, nginx stream, haproxy, and directly')
  .option('--nodes <n>', 'balancer nodes', count(1, 10), 2)
  .option('--backends <n>', 'backends', count(1, 10), 2)
  .option('--rounds <n>', 'rounds, each with a run of every contender', count(1, 1000), 5)
  .option('--seconds <n>', 'duration of a run', count(1, 3600), 4)
  .option('--workers <n>', 'processes or threads of a proxy on each node (default: CPUs / nodes)', count(1, 64))
  .addOption(
    new Option('--xdp <mode>', "of Weir's programs; with native, the switch has XDP programs too, for all contenders")
      .choices([...xdpModes])
      .default('generic'),
  )
  .option(
    '--plain-switch',
    "with native XDP, spare the rivals the XDP programs that Weir's switch has on its ports",
    false,
  )
  .option('--offload', "let answers pass as large packets (TSO) wherever Weir's program does not forward them", false)
  .addOption(new Option('--family <family>', 'of the VIP').choices(['ipv4', 'ipv6']).default('ipv4'))
  .addOption(new Option('--only <contender...>', 'some of them').choices([...contenderNames]))
  .addOption(
    new Option('--responses <size...>', 'what requests ask for')
      .choices([...responseSizes])
      .default([...responseSizes]),
  )
  .option('--json <file>', 'all samples and the comparison, for programs')
  .action(async (options: LabCommandOptions) => {
    const { only = contenderNames, json, ...rest } = options;
    const workers = rest.workers ?? Math.max(1, Math.floor(cpus().length / rest.nodes));
    const machine = thisMachine();
    write(describeMachine(machine));
    const chosen = { ...rest, workers, contenders: contenderNames.filter((name) => only.includes(name)) };
    const result = await runLabBenchmark(chosen, say);
    const comparison = compare(result.samples);
    write(`\n${renderComparison(comparison, isTerminal)}`);
    if (json !== undefined) writeJson(json, { benchmark: 'lab', machine, options: chosen, ...result, comparison });
  });

program
  .command('dataplane')
  .description('the XDP program alone: ns per packet, and changes of its tables')
  .option('--runs <n>', 'of which the median is taken', count(1, 1000), 15)
  .option('--packets <n>', 'in each run', count(1, 100_000_000), 1_000_000)
  .addOption(
    new Option('--parts <part...>', 'some of it')
      .choices([...dataplaneParts])
      .default(['speed', 'verifier', 'changes']),
  )
  .option('--json <file>', 'all of it, for programs')
  .action(async ({ json, ...options }: DataplaneBenchmarkOptions & { json?: string }) => {
    const machine = thisMachine();
    write(describeMachine(machine));
    const result = await runDataplaneBenchmark(options, say);
    write(`\n${renderDataplane(result, isTerminal)}`);
    if (json !== undefined) writeJson(json, { benchmark: 'dataplane', machine, options, ...result });
  });

program
  .command('portable')
  .description('the portable engine alone: packets per second of one thread')
  .option('--runs <n>', 'of which the median is taken', count(1, 1000), 5)
  .option('--packets <n>', 'in each run', count(1, 100_000_000), 100_000)
  .option('--profile <file>', 'writes a .cpuprofile of it, and prints the ten most expensive functions')
  .option('--json <file>', 'all of it, for programs')
  .action(async ({ json, profile: profileFile, ...options }: PortableCommandOptions) => {
    const machine = thisMachine();
    write(describeMachine(machine));
    const run = () => runPortableBenchmark(options, say);
    const { result: speeds, profile } = profileFile === undefined ? { result: await run() } : await profileCpu(run);
    const functions = profile && mostExpensive(profile, 10);
    write(`\n${renderPortable(speeds, isTerminal)}`);
    if (functions !== undefined) write(renderProfile(functions, isTerminal));
    if (profileFile !== undefined) writeFileSync(profileFile, JSON.stringify(profile));
    if (json !== undefined) writeJson(json, { benchmark: 'portable', machine, options, speeds, functions });
  });

program
  .command('director')
  .description('tables of choices: built at once, by difference, in plain JavaScript, and Maglev beside them')
  .option('--runs <n>', 'of which the median is taken', count(1, 1000), 5)
  .option('--members <n>', 'of a table', count(2, 60_000), 1000)
  .option('--json <file>', 'all of it, for programs')
  .action(async ({ json, ...options }: DirectorBenchmarkOptions & { json?: string }) => {
    const machine = thisMachine();
    write(describeMachine(machine));
    const times = await runDirectorBenchmark(options, say);
    write(`\n${renderDirector(times, options.members, isTerminal)}`);
    if (json !== undefined) writeJson(json, { benchmark: 'director', machine, options, times });
  });

program
  .command('state')
  .description('shared flows: what telling costs, and how soon another node goes on with them')
  .option('--runs <n>', 'of which the median is taken', count(1, 1000), 5)
  .option('--flows <n>', 'in each run', count(1, 1_000_000), 100_000)
  .option('--packet-runs <n>', 'of the data plane alone, of which the median is taken', count(1, 1000), 15)
  .option('--packets <n>', 'in each of these', count(1, 100_000_000), 1_000_000)
  .option('--pace <n>', 'packets a second of flows that are taken over', count(1000, 1_000_000), 60_000)
  .option('--takeovers <n>', 'packets a second that a node accepts of them', count(1, 1_000_000), 100_000)
  .option('--connections <n>', 'of the lab', count(1, 50_000), 5000)
  .addOption(new Option('--parts <part...>', 'some of it').choices([...stateParts]).default([...stateParts]))
  .option('--json <file>', 'all of it, for programs')
  .action(async ({ json, ...options }: StateBenchmarkOptions & { json?: string }) => {
    const machine = thisMachine();
    write(describeMachine(machine));
    const result = await runStateBenchmark(options, say);
    write(`\n${renderState(result, isTerminal)}`);
    if (json !== undefined) writeJson(json, { benchmark: 'state', machine, options, ...result });
  });

program
  .command('control')
  .description('etcd: how soon nodes do what it says, and how soon a node has read it')
  .option('--changes <n>', 'by etcd, and as many by files', count(2, 10_000), 200)
  .option('--burst <n>', 'changes at once', count(1, 1000), 1000)
  .option('--backends <n>', 'in etcd when a node starts', count(1, 100_000), 10_000)
  .option('--runs <n>', 'starts of that node, of which the median is taken', count(1, 1000), 5)
  .addOption(new Option('--parts <part...>', 'some of it').choices([...controlParts]).default([...controlParts]))
  .option('--json <file>', 'all of it, for programs')
  .action(async ({ json, ...options }: ControlBenchmarkOptions & { json?: string }) => {
    const machine = thisMachine();
    write(describeMachine(machine));
    const result = await runControlBenchmark(options, say);
    write(`\n${renderControl(result, isTerminal)}`);
    if (json !== undefined) writeJson(json, { benchmark: 'control', machine, options, ...result });
  });

program
  .command('health')
  .description('probes of many backends: what they cost, and how evenly they begin, beside a plain loop')
  .option('--rounds <n>', 'of which the median is taken', count(1, 1000), 5)
  .option('--backends <n>', 'that listen on loopback', count(1, 10_000), 5000)
  .option('--interval-ms <n>', 'of the probes of each', count(100, 60_000), 2000)
  .option('--seconds <n>', 'that a run is measured', count(1, 3600), 6)
  .addOption(new Option('--kinds <kind...>', 'some of them').choices([...probeKinds]).default([...probeKinds]))
  .option('--json <file>', 'all of it, for programs')
  .action(async ({ json, ...options }: HealthBenchmarkOptions & { json?: string }) => {
    const machine = thisMachine();
    write(describeMachine(machine));
    const costs = await runHealthBenchmark(options, say);
    write(`\n${renderHealth(costs, options.backends, isTerminal)}`);
    if (json !== undefined) writeJson(json, { benchmark: 'health', machine, options, costs });
  });

program
  .command('metrics')
  .description('a scrape of a node with many services and backends, beside prom-client')
  .option('--services <n>', 'of the node', count(1, 1000), 1000)
  .option('--backends <n>', 'of all services', count(1, 30_000), 10_000)
  .option('--rounds <n>', 'of which the median is taken', count(1, 1000), 15)
  .option('--json <file>', 'all of it, for programs')
  .action(async ({ json, ...options }: MetricsBenchmarkOptions & { json?: string }) => {
    const machine = thisMachine();
    write(describeMachine(machine));
    const result = await runMetricsBenchmark(options, say);
    write(`\n${renderMetrics(result, options, isTerminal)}`);
    if (json !== undefined) writeJson(json, { benchmark: 'metrics', machine, options, ...result });
  });

interface PortableCommandOptions extends PortableBenchmarkOptions {
  readonly profile?: string;
  readonly json?: string;
}

interface LabCommandOptions {
  readonly nodes: number;
  readonly backends: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly workers?: number;
  readonly xdp: XdpMode;
  readonly plainSwitch: boolean;
  readonly offload: boolean;
  readonly family: Family;
  readonly responses: readonly ResponseSize[];
  readonly only?: readonly ContenderName[];
  readonly json?: string;
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof WeirError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
}

function count(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}.`);
  };
}

function writeJson(file: string, result: object): void {
  writeFileSync(file, `${JSON.stringify(result, undefined, 2)}\n`);
}
