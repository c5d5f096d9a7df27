import { durationText } from '../ipvsadm/duration-text.js';
import type { CheckInput, Lose } from '../ipvsadm/placed-service.js';
import { lastOf, type Statement } from './block.js';

/** Statements of a virtual server, a real server and its check, the outermost first: the innermost counts. */
export type Scopes = readonly (readonly Statement[])[];

/** What a kind of check waits where nothing is said. */
export interface TimeDefaults {
  readonly retry: number;
  /** Undefined: the time between checks. */
  readonly delayBeforeRetrySeconds: number | undefined;
}

const DELAY_LOOP_SECONDS = 60;
const CONNECT_TIMEOUT_SECONDS = 5;
/** Bounds of weir.yaml. */
const INTERVAL_LEAST = 0.1;
const INTERVAL_MOST = 24 * 3600;
const TIMEOUT_LEAST = 0.01;
const FALL_MOST = 100;

/** When a check asks, and after how many answers its verdict changes: keepalived's first good answer is enough. */
export function checkTimes(
  scopes: Scopes,
  defaults: TimeDefaults,
  lose: Lose,
): Pick<CheckInput, 'interval' | 'fastInterval' | 'timeout' | 'rise' | 'fall'> {
  const interval = bounded(seconds(scopes, lose, 'delay_loop') ?? DELAY_LOOP_SECONDS, INTERVAL_LEAST, INTERVAL_MOST);
  const wanted = seconds(scopes, lose, 'misc_timeout', 'connect_timeout') ?? CONNECT_TIMEOUT_SECONDS;
  const again = seconds(scopes, lose, 'delay_before_retry') ?? defaults.delayBeforeRetrySeconds ?? interval;
  if (wanted > interval && found(scopes, 'misc_timeout', 'connect_timeout') !== undefined) {
    const { place = '' } = found(scopes, 'misc_timeout', 'connect_timeout') ?? {};
    lose(
      place,
      `a timeout of ${wanted} s is longer than delay_loop: ${durationText(interval)} is taken, a probe ends before the next begins`,
    );
  }
  const retry = seconds(scopes, lose, 'retry', 'nb_get_retry') ?? defaults.retry;
  return {
    interval: durationText(interval),
    fastInterval: durationText(bounded(again, INTERVAL_LEAST, interval)),
    timeout: durationText(bounded(wanted, TIMEOUT_LEAST, interval)),
    rise: 1,
    fall: bounded(Math.trunc(retry) + 1, 1, FALL_MOST),
  };
}

/** The innermost statement with one of these keywords. */
export function found(scopes: Scopes, ...keywords: readonly string[]): Statement | undefined {
  return scopes.map((scope) => lastOf(scope, ...keywords)).findLast((statement) => statement !== undefined);
}

function seconds(scopes: Scopes, lose: Lose, ...keywords: readonly string[]): number | undefined {
  const statement = found(scopes, ...keywords);
  if (statement === undefined) return undefined;
  const number = Number(statement.values[0] ?? Number.NaN);
  if (number >= 0) return number;
  lose(statement.place, `${statement.keyword} "${statement.values.join(' ')}" is not a number: the default is taken`);
  return undefined;
}

function bounded(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
