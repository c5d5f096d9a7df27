import { BenchError } from '../bench-error.js';

/** What wrk saw in one run. */
export interface WrkReport {
  readonly requests: number;
  /** As wrk measured it, a little over what was asked for. */
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly latencyMeanMs: number;
  readonly errors: WrkErrors;
}

/** Requests that did not get what they asked for, by kind. */
export interface WrkErrors {
  readonly connect: number;
  readonly read: number;
  readonly write: number;
  readonly timeout: number;
  /** Answers with a status outside 200 to 399. */
  readonly status: number;
}

const TIME_UNITS_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Reads wrk's summary (wrk 4.1, `main()` and `print_units()` print it).
 *
 * @throws {BenchError} BENCH_OUTPUT_UNREADABLE with what was found
 */
export function parseWrkReport(output: string): WrkReport {
  const [, count = '', time = '', unit = ''] = find(output, /(\d+) requests in ([\d.]+)(us|ms|s|m|h),/);
  const [, rate = ''] = find(output, /Requests\/sec:\s+([\d.]+)/);
  const [, latency = '', latencyUnit = ''] = find(output, /Latency\s+([\d.]+)(us|ms|s|m|h)\s/);
  return {
    requests: Number(count),
    seconds: (Number(time) * (TIME_UNITS_MS[unit] as number)) / 1000,
    requestsPerSecond: Number(rate),
    latencyMeanMs: Number(latency) * (TIME_UNITS_MS[latencyUnit] as number),
    errors: parseErrors(output),
  };
}

/** All errors of a run. */
export function errorCount(errors: WrkErrors): number {
  return Object.values(errors).reduce((sum: number, count: number) => sum + count, 0);
}

/** wrk prints these lines only when there is something to say. */
function parseErrors(output: string): WrkErrors {
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output);
  const [connect, read, write, timeout] = (sockets?.slice(1) ?? [0, 0, 0, 0]).map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const status = Number(/Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0);
  return { connect, read, write, timeout, status };
}

function find(output: string, pattern: RegExp): RegExpExecArray {
  const found = pattern.exec(output);
  if (found !== null) return found;
  throw new BenchError('BENCH_OUTPUT_UNREADABLE', `expected ${pattern} in what wrk prints; found:\n${output}`);
}
