import { type FSWatcher, unwatchFile, watch, watchFile } from 'node:fs';
import { basename, dirname } from 'node:path';

/** An editor writes a file in several steps; they are one change when they are this close together. */
const SETTLE_MS = 100;
/** How late a change may be noticed of which the directory tells nothing. */
const POLL_MS = 1000;

/**
 * Calls back after a file may have changed: writes in place, renames over it, symbolic links that are swapped, as
 * Kubernetes does with mounted ConfigMaps, and files elsewhere that a link leads to. The file need not exist.
 * Disposed of, it calls back no more.
 * @param file  absolute path
 */
export function followFile(file: string, onChange: () => void): Disposable {
  let settling: NodeJS.Timeout | undefined;
  const settle = () => {
    clearTimeout(settling);
    settling = setTimeout(onChange, SETTLE_MS);
  };
  const watcher = watchDirectory(file, settle);
  watchFile(file, { interval: POLL_MS }, settle);
  return {
    [Symbol.dispose]() {
      clearTimeout(settling);
      unwatchFile(file, settle);
      watcher?.close();
    },
  };
}

/**
 * Notices most changes at once. Not the file is watched, for one that is renamed over it is another file; `..data` is
 * what Kubernetes swaps. Undefined where there is no such directory: then only the polling notices.
 */
function watchDirectory(file: string, onChange: () => void): FSWatcher | undefined {
  const names = new Set<string | null>([basename(file), '..data']);
  try {
    const watcher = watch(dirname(file), (_, name) => {
      if (names.has(name)) onChange();
    });
    // The directory went away, or the kernel has no watch left.
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
