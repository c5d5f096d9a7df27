import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where keepalived reads whether this node can serve a VIP. */
export function trackFile(directory: string, vip: string): string {
  return join(trackDirectory(directory), vip);
}

/** What is not known to be served is not; what a former life said of a VIP stays until there is news. */
export function prepareTrackFiles(directory: string, vips: ReadonlySet<string>): void {
  mkdirSync(trackDirectory(directory), { recursive: true });
  for (const vip of vips) if (!existsSync(trackFile(directory, vip))) writeTrackFile(directory, vip, false);
}

/** Says whether this node can serve a VIP: 0, it can; 1, it can't. keepalived sees the change at once (inotify). */
export function writeTrackFile(directory: string, vip: string, isServed: boolean): void {
  const file = trackFile(directory, vip);
  // Renamed into place: an empty file would be read as 0.
  writeFileSync(`${file}.new`, isServed ? '0\n' : '1\n');
  renameSync(`${file}.new`, file);
}

/** Removes the files of VIPs that keepalived's configuration has no more. */
export function forgetTrackFiles(directory: string, vips: ReadonlySet<string>): void {
  for (const name of readdirSync(trackDirectory(directory))) {
    if (!vips.has(name)) rmSync(join(trackDirectory(directory), name), { force: true });
  }
}

function trackDirectory(directory: string): string {
  return join(directory, 'track');
}
