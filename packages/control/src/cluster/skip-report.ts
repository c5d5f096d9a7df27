import type { ClusterLog } from './cluster-log.js';

/** Tells once of each key that is skipped, and once when it is well again. */
export class SkipReport {
  readonly #logger: ClusterLog;
  #skipped: ReadonlyMap<string, string> = new Map();
  #waiting: ReadonlyMap<string, string> = new Map();

  constructor(logger: ClusterLog) {
    this.#logger = logger;
  }

  /** Key, and why. */
  get skipped(): ReadonlyMap<string, string> {
    return this.#skipped;
  }

  /** @param isInForce  does a former value of the key stand in for it? */
  tell(
    skipped: ReadonlyMap<string, string>,
    waiting: ReadonlyMap<string, string>,
    isInForce: (key: string) => boolean,
  ): void {
    for (const [key, problem] of news(skipped, this.#skipped)) {
      const what = isInForce(key) ? 'its last good value stays' : 'it is skipped';
      this.#logger.warn({ event: 'key_skipped', key, problem }, `${key}: ${problem}; ${what}`);
    }
    for (const key of this.#skipped.keys()) {
      if (!skipped.has(key))
        this.#logger.info({ event: 'key_accepted', key }, `${key}: all is well with it again, or it is gone`);
    }
    for (const [key, what] of news(waiting, this.#waiting)) this.#logger.debug({ key }, `${key}: ${what}`);
    this.#skipped = skipped;
    this.#waiting = waiting;
  }
}

function news(now: ReadonlyMap<string, string>, before: ReadonlyMap<string, string>): [string, string][] {
  return [...now].filter(([key, text]) => before.get(key) !== text);
}
