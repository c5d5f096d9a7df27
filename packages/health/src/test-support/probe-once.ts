import type { ProbeResult } from '../attempt.js';
import type { Probe, ProbeTarget } from '../health-check.js';
import { probe } from '../probe.js';

/** Long enough for any answer on a busy machine. */
const TIMEOUT_MS = 10_000;

/** What a probe of a test finds, without how long it took. */
export async function probeOnce(
  asked: Probe,
  target: ProbeTarget,
  timeoutMs = TIMEOUT_MS,
): Promise<Omit<ProbeResult, 'latencyMs'>> {
  const { isWell, reason } = await probe(asked, target, timeoutMs, new AbortController().signal);
  return { isWell, reason };
}
