import { performance } from 'node:perf_hooks';
import type { ProbeTarget } from './health-check.js';
import { reasonOf } from './reason.js';

/** What one probe found out. */
export interface ProbeResult {
  readonly isWell: boolean;
  /** A sentence for operators: `connection refused`, `status 503, expected 200-399`; of a good answer `connected`, `status 200`. */
  readonly reason: string;
  /** From the probe's begin to its end. */
  readonly latencyMs: number;
}

/** Ends an attempt with its outcome; the first call counts, later ones do nothing. */
export type Settle = (isWell: boolean, reason: string) => void;

/** Gives up all that an attempt opened; called once, whatever the outcome. */
export type Close = () => void;

/**
 * One way of asking a backend. Begins to ask at once and returns how to stop. What it throws is an answer that is not well,
 * with the message as reason.
 */
export type Ask<Kind> = (probe: Kind, target: ProbeTarget, settle: Settle) => Close;

/**
 * Runs one attempt, which ends when it settles, after `timeoutMs`, or when `signal` aborts; then all that it opened is
 * closed. Never rejects.
 */
export function attempt(
  timeoutMs: number,
  signal: AbortSignal,
  begin: (settle: Settle) => Close,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const startMs = performance.now();
    let isSettled = false;
    let close: Close | undefined;
    const settle: Settle = (isWell, reason) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      closeQuietly(close);
      resolve({ isWell, reason, latencyMs: performance.now() - startMs });
    };
    const onAbort = () => settle(false, 'the probe was called off');
    const giveUp = () => settle(false, `no answer within ${timeoutMs} ms`);
    // In a process that was held up the answer may be there and not read yet; it is read before the next immediate.
    const timer = setTimeout(() => setImmediate(giveUp), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else {
      try {
        close = begin(settle);
      } catch (error) {
        settle(false, reasonOf(error as Error));
      }
    }
    // It settled before it had returned how to close.
    if (isSettled) closeQuietly(close);
  });
}

/** What is known by then is told though something can't be closed, such as a script whose group this process may not kill. */
function closeQuietly(close: Close | undefined): void {
  try {
    close?.();
  } catch {}
}
