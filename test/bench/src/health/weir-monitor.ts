import { HealthMonitor } from '@weir/health';
import type { ProbedBy } from './probing.js';

/** Weir: the monitor that a node runs. */
export const probeByWeir: ProbedBy = ({ kind, ports, intervalMs }, count) => {
  const monitor = new HealthMonitor({
    onChange: () => {},
    onProbe: (_, { isWell, latencyMs }) => count(isWell, performance.now() - latencyMs),
  });
  const probe =
    kind === 'tcp' ? ({ kind } as const) : ({ kind, path: '/', method: 'GET', status: [[200, 200]] } as const);
  const check = { probe, intervalMs, fastIntervalMs: intervalMs / 4, timeoutMs: 1000, rise: 2, fall: 3 };
  monitor.set(
    ports.map((port) => ({
      id: String(port),
      target: { address: '127.0.0.1', port },
      check,
      initially: 'up' as const,
    })),
  );
  return () => void monitor[Symbol.asyncDispose]();
};
