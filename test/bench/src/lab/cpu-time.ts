import { readdirSync, readFileSync } from 'node:fs';
import { BenchError } from '../bench-error.js';

/** USER_HZ: the kernel counts CPU time for user space in hundredths of a second on every architecture (proc(5)). */
const MICROSECONDS_PER_TICK = 10_000;

/** CPU time of the whole machine since it booted, in µs over all CPUs. */
export interface MachineCpu {
  readonly userUs: number;
  /** In the kernel on behalf of processes. */
  readonly systemUs: number;
  /** In interrupts, hard and soft: where XDP, nftables, bridges and routers do their work. */
  readonly interruptUs: number;
}

/** Reads the first line of /proc/stat (proc(5)): user nice system idle iowait irq softirq steal guest guest_nice. */
export function parseMachineCpu(stat: string): MachineCpu {
  const line = /^cpu +(.+)$/m.exec(stat)?.[1];
  if (line === undefined) throw new BenchError('BENCH_OUTPUT_UNREADABLE', 'expected a line "cpu" in /proc/stat');
  const ticks = line.split(' ').map(Number);
  const at = (index: number) => (ticks[index] ?? 0) * MICROSECONDS_PER_TICK;
  // Guests are in user and nice already; idle and waiting are no work; stolen time is other machines'.
  return { userUs: at(0) + at(1), systemUs: at(2), interruptUs: at(5) + at(6) };
}

/** What /proc/PID/stat says of a process. */
export interface ProcessCpu {
  /** In user space and kernel, its own and that of children that it waited for, in µs. */
  readonly cpuUs: number;
  /** A thread of the kernel: ksoftirqd, for instance, whose time is in {@link MachineCpu.interruptUs} already. */
  readonly isKernelThread: boolean;
}

/** PID of kthreadd, parent of all threads of the kernel. */
const KTHREADD = 2;

/** Reads parent, utime, stime, cutime and cstime from /proc/PID/stat (proc(5)). */
export function parseProcessCpu(stat: string): ProcessCpu {
  // The name, in parentheses, may hold anything; what follows the last one starts with field 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  const isKernelThread = Number(fields[1]) === KTHREADD || Number.parseInt(stat, 10) === KTHREADD;
  return { cpuUs: ticks * MICROSECONDS_PER_TICK, isKernelThread };
}

export function machineCpu(): MachineCpu {
  return parseMachineCpu(readFileSync('/proc/stat', 'utf8'));
}

/** CPU time that these processes had so far, in µs. One that is gone counts nothing. */
export function processesCpuUs(pids: Iterable<number>): number {
  let sumUs = 0;
  for (const pid of pids) sumUs += processCpu(pid)?.cpuUs ?? 0;
  return sumUs;
}

/** CPU time that all processes had so far which are neither these, nor this one, nor the kernel's. In µs. */
export function otherProcessesCpuUs(pids: ReadonlySet<number>): number {
  let sumUs = 0;
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid || pids.has(pid)) continue;
    const other = processCpu(pid);
    if (other?.isKernelThread === false) sumUs += other.cpuUs;
  }
  return sumUs;
}

/** What came to it between two readings. */
export function cpuSince(before: MachineCpu, after: MachineCpu): MachineCpu {
  return {
    userUs: after.userUs - before.userUs,
    systemUs: after.systemUs - before.systemUs,
    interruptUs: after.interruptUs - before.interruptUs,
  };
}

export function totalUs({ userUs, systemUs, interruptUs }: MachineCpu): number {
  return userUs + systemUs + interruptUs;
}

function processCpu(pid: number): ProcessCpu | undefined {
  try {
    return parseProcessCpu(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined;
    throw error;
  }
}
