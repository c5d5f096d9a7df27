/** What a daemon hears from outside. */
export interface Signals extends Disposable {
  /** Aborted by the first SIGTERM or SIGINT, with the signal's name as reason. */
  readonly stop: AbortSignal;
  /** Aborted by the second: what takes time is cut short. */
  readonly hurry: AbortSignal;
}

/**
 * Listens to the signals of a daemon until disposed. SIGHUP calls back; a third SIGTERM or SIGINT ends the process as
 * if nobody had listened.
 */
export function listenToSignals(onHangUp: () => void): Signals {
  const stop = new AbortController();
  const hurry = new AbortController();
  const onStop = (name: NodeJS.Signals) => {
    if (!stop.signal.aborted) stop.abort(name);
    else if (!hurry.signal.aborted) hurry.abort(name);
    else {
      process.removeListener(name, onStop);
      process.kill(process.pid, name);
    }
  };
  process.on('SIGTERM', onStop);
  process.on('SIGINT', onStop);
  process.on('SIGHUP', onHangUp);
  return {
    stop: stop.signal,
    hurry: hurry.signal,
    [Symbol.dispose]() {
      process.removeListener('SIGTERM', onStop);
      process.removeListener('SIGINT', onStop);
      process.removeListener('SIGHUP', onHangUp);
    },
  };
}

/** Resolves when a signal aborts, at once if it has. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
