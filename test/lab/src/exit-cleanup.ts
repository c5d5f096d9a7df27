import { killRunningCommands } from './command.js';
import { type Run, removeRun } from './run.js';

/** Signals that end a process by default and that it can act upon. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const runs = new Set<Run>();

/**
 * Sees to it that a run is removed when this process ends while it holds it: by exit, by an error that nobody caught,
 * or by SIGINT, SIGTERM or SIGHUP. A program that listens to one of these signals itself decides how to end.
 *
 * @returns forgets the run again
 */
export function removeAtExit(run: Run): () => void {
  if (runs.size === 0) {
    process.on('exit', removeAll);
    for (const signal of SIGNALS) process.on(signal, onSignal);
  }
  runs.add(run);
  return () => {
    if (!runs.delete(run) || runs.size > 0) return;
    process.off('exit', removeAll);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}

function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  removeAll();
  process.off(signal, onSignal);
  // The parent sees what ended this process: the signal, not an exit code.
  process.kill(process.pid, signal);
}

function removeAll(): void {
  killRunningCommands();
  for (const run of runs) removeRun(run);
}
