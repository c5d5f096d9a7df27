import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { probeInPlainLoop } from './plain-loop.js';
import { largestBurst, type ProbingFigures, type ProbingOrder } from './probing.js';
import { probeByWeir } from './weir-monitor.js';

const BURST_WINDOW_MS = 10;

/** A process that probes as it is told, and tells its parent the figures of it. */
const order = JSON.parse(process.argv[2] as string) as ProbingOrder;
const { kind, intervalMs } = order;
const ports = Array.from({ length: order.backends }, (_, i) => order.firstPort + i);
let begunMs: number[] = [];
let failed = 0;
const probedBy = order.by === 'weir' ? probeByWeir : probeInPlainLoop;
const stop = probedBy({ kind, ports, intervalMs }, (isWell, atMs) => {
  begunMs.push(atMs);
  if (!isWell) failed++;
});
await sleep(order.warmUpMs);
begunMs = [];
failed = 0;
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const cpu = process.cpuUsage();
const startMs = performance.now();
await sleep(order.measureMs);
const tookMs = performance.now() - startMs;
const { user, system } = process.cpuUsage(cpu);
const figures: ProbingFigures = {
  cpuShare: (user + system) / 1000 / tookMs,
  probesPerSecond: (begunMs.length / tookMs) * 1000,
  burst: largestBurst(begunMs, BURST_WINDOW_MS),
  failed,
  stallMs: delay.max / 1e6,
};
stop();
process.send?.(figures, () => process.exit());
