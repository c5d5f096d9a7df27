import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from './config-error.js';
import { followFile } from './follow-file.js';
import type { NodeConfig } from './node-config.js';
import { loadNodeConfig } from './parse-node-config.js';

/** What a source of configuration has to tell. */
export type ConfigEvent =
  | { readonly kind: 'changed'; readonly config: NodeConfig }
  | { readonly kind: 'refused'; readonly error: ConfigError };

/** Where desired state comes from while a node runs. Closed by its owner; nothing is called back afterwards. */
export interface ConfigSource extends AsyncDisposable {
  /** Looks again now, and tells what it finds even if it is what was told last. */
  reload(): void;
}

export interface WatchOptions {
  /** The configuration that is in force: a file that says something else already is told at once. */
  readonly inForce?: NodeConfig;
}

/**
 * Watches `weir.yaml`, as {@link followFile} does. Calls back in order, one at a time; while a callback
 * runs, only the newest state is kept. A file that says what was told last, in whatever words, is no change.
 */
export function watchNodeConfig(
  path: string,
  callback: (event: ConfigEvent) => Promise<void>,
  { inForce }: WatchOptions = {},
): ConfigSource {
  const file = resolve(path);
  let told: ConfigEvent | undefined = inForce && { kind: 'changed', config: inForce };
  let wanted: 'no' | 'if-changed' | 'in-any-case' = 'no';
  let busy: Promise<void> | undefined;
  let isClosed = false;

  const tell = async () => {
    while (wanted !== 'no' && !isClosed) {
      const isReload = wanted === 'in-any-case';
      wanted = 'no';
      const event = await eventOf(file);
      if (isClosed || (!isReload && told !== undefined && saysTheSame(event, told))) continue;
      told = event;
      await callback(event);
    }
  };
  const look = (how: 'if-changed' | 'in-any-case') => {
    if (wanted !== 'in-any-case') wanted = how;
    busy ??= tell().finally(() => {
      busy = undefined;
    });
  };
  const following = followFile(file, () => look('if-changed'));
  if (inForce !== undefined) look('if-changed');

  return {
    reload: () => look('in-any-case'),
    async [Symbol.asyncDispose]() {
      isClosed = true;
      following[Symbol.dispose]();
      await busy;
    },
  };
}

function saysTheSame(a: ConfigEvent, b: ConfigEvent): boolean {
  if (a.kind === 'refused') return b.kind === 'refused' && a.error.message === b.error.message;
  return b.kind === 'changed' && isDeepStrictEqual(a.config, b.config);
}

async function eventOf(file: string): Promise<ConfigEvent> {
  try {
    return { kind: 'changed', config: await loadNodeConfig(file) };
  } catch (error) {
    if (error instanceof ConfigError) return { kind: 'refused', error };
    throw error;
  }
}
