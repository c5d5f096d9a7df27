import { readFile, writeFile } from 'node:fs/promises';
import { AgentError } from './agent-error.js';
import type { ChangeRecord } from './host-changes.js';

/** A file below /proc/sys of an interface, or of `all`. */
export function ipv4Setting(interfaceName: string, name: string): string {
  return `/proc/sys/net/ipv4/conf/${interfaceName}/${name}`;
}

/** The same for IPv6; there is none where IPv6 is disabled. */
export function ipv6Setting(interfaceName: string, name: string): string {
  return `/proc/sys/net/ipv6/conf/${interfaceName}/${name}`;
}

/** The value of a setting as a number. @throws {AgentError} SETTING_REFUSED */
export async function readSetting(path: string): Promise<number> {
  try {
    return Number(await readFile(path, 'utf8'));
  } catch (cause) {
    throw refused(path, 'read', cause);
  }
}

/** Writes a setting; what it was is noted first. @throws {AgentError} SETTING_REFUSED */
export async function changeSetting(path: string, wanted: number, record: ChangeRecord): Promise<void> {
  const before = await readSetting(path);
  if (before === wanted) return;
  record.addSetting(path, String(before));
  await writeSetting(path, wanted);
}

/** Writes a setting that the caller itself gives back its value. @throws {AgentError} SETTING_REFUSED */
export async function writeSetting(path: string, wanted: number): Promise<void> {
  await writeFile(path, String(wanted)).catch((cause: unknown) => {
    throw refused(path, `set to ${wanted}`, cause);
  });
}

/** Gives every setting that was changed the value it had; one of an interface that is gone is gone with it. */
export async function restoreSettings(record: ChangeRecord): Promise<void> {
  for (const [path, before] of Object.entries(record.settings)) {
    await writeFile(path, before).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'ENOENT') throw refused(path, `set back to ${before}`, cause);
    });
    record.removeSetting(path);
  }
}

function refused(path: string, what: string, cause: unknown): AgentError {
  return new AgentError('SETTING_REFUSED', `${path} can't be ${what}: ${(cause as Error).message}`, {
    cause,
    details: { path },
  });
}
