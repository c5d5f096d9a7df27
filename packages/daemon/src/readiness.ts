import koffi from 'koffi';

/** What systemd is told; see sd_notify(3). Disposing ends the signs of life. */
export interface Readiness extends Disposable {
  /** Everything is in place. */
  ready(status: string): void;
  /** A new configuration is being put in force; {@link ready} follows. */
  reloading(): void;
  /** The daemon is on its way out. */
  stopping(status: string): void;
  /** One line that `systemctl status` shows. */
  status(status: string): void;
}

const silent: Readiness = { ready() {}, reloading() {}, stopping() {}, status() {}, [Symbol.dispose]() {} };

/**
 * Tells the service manager of this process's state, by libsystemd. Without NOTIFY_SOCKET nothing is told: then nobody
 * listens. Where the unit has WatchdogSec, signs of life are given for as long as the event loop turns.
 */
export function createReadiness(environment: NodeJS.ProcessEnv = process.env, library = 'libsystemd.so.0'): Readiness {
  if (environment.NOTIFY_SOCKET === undefined) return silent;
  let sdNotify: (unsetEnvironment: number, state: string) => number;
  try {
    sdNotify = koffi.load(library).func('int sd_notify(int unset_environment, const char *state)');
  } catch (error) {
    process.emitWarning(
      `NOTIFY_SOCKET is set but ${library} can't be loaded, so the service manager hears nothing: ${(error as Error).message}`,
    );
    return silent;
  }
  // Whether the manager heard is not ours to act on; sd_notify(3) recommends to ignore it.
  const notify = (...assignments: readonly string[]) => sdNotify(0, assignments.map(onOneLine).join('\n'));
  const periodMs = watchdogPeriodMs(environment);
  const life = periodMs === undefined ? undefined : setInterval(notify, periodMs, 'WATCHDOG=1').unref();
  return {
    ready: (status) => notify('READY=1', `STATUS=${status}`),
    // Type=notify-reload of systemd 253 and later asks for the monotonic time of the message.
    reloading: () => notify('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: (status) => notify('STOPPING=1', `STATUS=${status}`),
    status: (status) => notify(`STATUS=${status}`),
    [Symbol.dispose]: () => clearInterval(life),
  };
}

/** Half the time that the manager allows between signs of life, as sd_watchdog_enabled(3) recommends. */
function watchdogPeriodMs({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv): number | undefined {
  const isMeant = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid;
  const allowedUs = Number(WATCHDOG_USEC);
  return isMeant && allowedUs > 0 ? allowedUs / 1000 / 2 : undefined;
}

/** A line break would begin another assignment. */
function onOneLine(assignment: string): string {
  return assignment.replaceAll(/\s*\n\s*/g, ' ');
}
