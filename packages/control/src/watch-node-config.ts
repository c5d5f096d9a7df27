import { watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { ConfigError } from './config-error.js';
import type { NodeConfig } from './node-config.js';
import { loadNodeConfig } from './parse-node-config.js';

/** An editor writes a file in several steps; they are one change when they are this close together, in ms. */
const SETTLE_MS = 100;

/** What a source of configuration has to tell. */
export type ConfigEvent =
  | { readonly kind: 'changed'; readonly config: NodeConfig }
  | { readonly kind: 'refused'; readonly error: ConfigError };

/** Where desired state comes from while a node runs. */
export interface ConfigSource extends AsyncDisposable {
  /** Looks again now, whether or not something seems to have changed. */
  reload(): void;
}

/**
 * Watches `weir.yaml`: writes in place, renames over it, and symbolic links that are swapped, as Kubernetes does with
 * mounted ConfigMaps. A file elsewhere that a link leads to is not watched. Calls back in order, one at a time; while a callback runs, only the newest state is kept.
 */
export function watchNodeConfig(path: string, callback: (event: ConfigEvent) => Promise<void>): ConfigSource {
  const file = resolve(path);
  let settling: NodeJS.Timeout | undefined;
  let wanted = false;
  let busy: Promise<void> | undefined;

  const look = () => {
    wanted = true;
    busy ??= (async () => {
      while (wanted) {
        wanted = false;
        await callback(await eventOf(file));
      }
      busy = undefined;
    })();
  };
  const settle = () => {
    clearTimeout(settling);
    settling = setTimeout(look, SETTLE_MS);
  };

  // The directory, not the file: a file that is renamed over is another file. `..data` is what Kubernetes swaps.
  const names = new Set<string | null>([basename(file), '..data']);
  const watcher = watch(dirname(file), (_, name) => {
    if (names.has(name)) settle();
  });

  return {
    reload: look,
    async [Symbol.asyncDispose]() {
      clearTimeout(settling);
      wanted = false;
      watcher.close();
      await busy;
    },
  };
}

async function eventOf(file: string): Promise<ConfigEvent> {
  try {
    return { kind: 'changed', config: await loadNodeConfig(file) };
  } catch (error) {
    if (error instanceof ConfigError) return { kind: 'refused', error };
    throw error;
  }
}
