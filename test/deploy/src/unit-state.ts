/** What systemd says of a unit (systemctl(1), `show`). */
export interface UnitState {
  readonly loadState: string;
  /** `active`, `activating`, `deactivating`, `inactive`, `failed`, `reloading`. */
  readonly activeState: string;
  readonly subState: string;
  /** `success`, or why it failed: `watchdog`, `exit-code`, `signal`, `timeout`, ... */
  readonly result: string;
  /** 0 when no process runs. A pid of the machine's own pid namespace. */
  readonly mainPid: number;
  /** How often systemd has started it again by itself. */
  readonly restarts: number;
  readonly statusText: string;
}

export const UNIT_PROPERTIES = [
  'LoadState',
  'ActiveState',
  'SubState',
  'Result',
  'MainPID',
  'NRestarts',
  'StatusText',
] as const;

/** Reads the output of `systemctl show --property=...` with the {@link UNIT_PROPERTIES}. */
export function parseUnitState(shown: string): UnitState {
  const properties = new Map(
    shown.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const text = (name: (typeof UNIT_PROPERTIES)[number]) => properties.get(name) ?? '';
  return {
    loadState: text('LoadState'),
    activeState: text('ActiveState'),
    subState: text('SubState'),
    result: text('Result'),
    mainPid: Number(text('MainPID')),
    restarts: Number(text('NRestarts')),
    statusText: text('StatusText'),
  };
}
