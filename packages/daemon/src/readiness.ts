import koffi from 'koffi';

/** What systemd is told; see sd_notify(3). */
export interface Readiness {
  /** Everything is in place. */
  ready(status: string): void;
  /** A new configuration is being put in force; {@link ready} follows. */
  reloading(): void;
  /** The daemon is on its way out. */
  stopping(status: string): void;
  /** One line that `systemctl status` shows. */
  status(status: string): void;
}

const silent: Readiness = { ready() {}, reloading() {}, stopping() {}, status() {} };

/**
 * Tells the service manager of this process's state, by libsystemd. Without NOTIFY_SOCKET, or without libsystemd,
 * nothing is told: then nobody listens.
 */
export function createReadiness(environment: NodeJS.ProcessEnv = process.env): Readiness {
  if (environment.NOTIFY_SOCKET === undefined) return silent;
  let notify: (message: string) => void;
  try {
    const sdNotify = koffi.load('libsystemd.so.0').func('int sd_notify(int unset_environment, const char *state)');
    notify = (message) => sdNotify(0, message);
  } catch {
    return silent;
  }
  return {
    ready: (status) => notify(`READY=1\nSTATUS=${status}`),
    // systemd's Type=notify-reload asks for the monotonic time of the message.
    reloading: () => notify(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: (status) => notify(`STOPPING=1\nSTATUS=${status}`),
    status: (status) => notify(`STATUS=${status}`),
  };
}
