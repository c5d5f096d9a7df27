import { type Summary, summarize } from '../statistics.js';
import type { ContenderName } from './contender.js';
import { type MachineCpu, totalUs } from './cpu-time.js';
import { errorCount, type WrkErrors, type WrkReport } from './wrk-report.js';

/** One run of wrk against one contender. */
export interface Sample {
  readonly contender: ContenderName;
  /** Its name. */
  readonly workload: string;
  /** From 1. */
  readonly round: number;
  readonly report: WrkReport;
  /** CPU time of the whole machine during the run. */
  readonly machine: MachineCpu;
  /** CPU time of the processes on the nodes during the run, in µs. */
  readonly nodeProcessesUs: number;
  /** CPU time of processes that have nothing to do with the benchmark, in µs: what disturbed it. */
  readonly otherProcessesUs: number;
}

/** What all rounds of a contender under a workload say together. */
export interface ComparedPath {
  readonly contender: ContenderName;
  /** Its name. */
  readonly workload: string;
  readonly requestsPerSecond: Summary;
  /** Weir's median over this one's: above 1 where Weir is faster. Undefined without Weir. */
  readonly weirRatio?: number;
  /** CPU time of the whole machine for a request, without that of processes that have nothing to do with it, in µs. */
  readonly machineUs: Summary;
  /** The part of it in interrupts. */
  readonly interruptUs: Summary;
  /** The balancer's side: what the machine spends more than on a direct connection. Undefined without `direct`. */
  readonly balancerUs?: number;
  /** CPU time of the processes on the nodes for a request, in µs: a part of `machineUs`. */
  readonly nodeProcessesUs: Summary;
  /** Share of the CPU time spent that went to processes which have nothing to do with the benchmark. */
  readonly disturbance: Summary;
  /** By kind, over all rounds. */
  readonly errors: WrkErrors;
  readonly failed: boolean;
}

/** Share of the CPU time spent that went to processes which have nothing to do with the benchmark. */
export function disturbanceOf({ machine, otherProcessesUs }: Sample): number {
  return otherProcessesUs / Math.max(totalUs(machine), 1);
}

/** Sums up rounds, in the order in which workloads and contenders first appear. */
export function compare(samples: readonly Sample[]): ComparedPath[] {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = `${sample.workload}/${sample.contender}`;
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  const paths = [...groups.values()].map(sumUp);
  return paths.map((path) => {
    const same = (name: ContenderName) =>
      paths.find(({ contender, workload }) => contender === name && workload === path.workload);
    const weir = same('weir');
    const direct = same('direct');
    return {
      ...path,
      ...(weir && { weirRatio: weir.requestsPerSecond.median / path.requestsPerSecond.median }),
      ...(direct && { balancerUs: path.machineUs.median - direct.machineUs.median }),
    };
  });
}

function sumUp(samples: readonly Sample[]): ComparedPath {
  const [first] = samples as readonly [Sample];
  const over = (value: (sample: Sample) => number) => summarize(samples.map(value));
  // A run without a single answer has an infinite cost; it stays visible as failed, and JSON can hold it.
  const aRequest = (value: (sample: Sample) => number) =>
    over((sample) => value(sample) / Math.max(sample.report.requests, 1));
  const errors = samples
    .map(({ report }) => report.errors)
    .reduce((sum, more) => ({
      connect: sum.connect + more.connect,
      read: sum.read + more.read,
      write: sum.write + more.write,
      timeout: sum.timeout + more.timeout,
      status: sum.status + more.status,
    }));
  return {
    contender: first.contender,
    workload: first.workload,
    requestsPerSecond: over(({ report }) => report.requestsPerSecond),
    machineUs: aRequest(({ machine, otherProcessesUs }) => totalUs(machine) - otherProcessesUs),
    interruptUs: aRequest(({ machine }) => machine.interruptUs),
    nodeProcessesUs: aRequest(({ nodeProcessesUs }) => nodeProcessesUs),
    disturbance: over(disturbanceOf),
    errors,
    failed: errorCount(errors) > 0 || samples.some(({ report }) => report.requests === 0),
  };
}
