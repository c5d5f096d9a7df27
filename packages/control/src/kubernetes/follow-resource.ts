import { setTimeout as delay } from 'node:timers/promises';
import { WeirError } from '@weir/errors';
import { backoffMs } from '../etcd/backoff.js';
import { type ApiConnection, answered, statusCode } from './api-connection.js';

/** One kind of object of an API server, in one namespace or in all. */
export interface Resource {
  /** Such as `/api/v1/services`. */
  readonly path: string;
  list(limit: number, continueFrom: string | undefined): Promise<ResourcePage>;
}

export interface ResourcePage {
  readonly metadata?: { readonly resourceVersion?: string; readonly _continue?: string };
  readonly items: readonly unknown[];
}

/** Told of what an API server has. What it throws ends the watching: it must not. */
export interface ResourceListener {
  /** All objects, and no others. */
  onList(objects: readonly unknown[]): void;
  onChanged(object: unknown): void;
  onDeleted(object: unknown): void;
  /** The server is away, or refuses; what was told stays until {@link onList}. */
  onTrouble(error: unknown): void;
}

const PAGE_OBJECTS = 500;

/** The server ends a watch then; a while later it is taken for gone. */
const WATCH_SECONDS = 240;
const SILENT_MS = (WATCH_SECONDS + 20) * 1000;

/** A watch that ends sooner, and told nothing, is no watch. */
const IDLE_MS = 1000;

/** Lists, watches from there, and begins again whenever the watch can't be trusted any more. Resolves when `signal` aborts. */
export async function followResource(
  { watch }: Pick<ApiConnection, 'watch'>,
  resource: Resource,
  listener: ResourceListener,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 1; !signal.aborted; ) {
    try {
      let version = await list(resource, listener, signal);
      while (!signal.aborted) {
        version = await watchFrom(version, { watch, resource, listener, signal });
        failures = 1;
      }
    } catch (error) {
      if (signal.aborted) return;
      // The server has forgotten what changed since: that is not trouble.
      if (statusCode(error) !== 410) listener.onTrouble(error);
      await delay(backoffMs(failures++), undefined, { signal }).catch(() => {});
    }
  }
}

/** @returns the version to watch from */
async function list(resource: Resource, listener: ResourceListener, signal: AbortSignal): Promise<string> {
  const objects: unknown[] = [];
  for (let continueFrom: string | undefined; ; ) {
    const { metadata, items } = await answered(resource.list(PAGE_OBJECTS, continueFrom), signal);
    objects.push(...items);
    continueFrom = metadata?._continue || undefined;
    if (continueFrom !== undefined) continue;
    if (!signal.aborted) listener.onList(objects);
    return metadata?.resourceVersion ?? '';
  }
}

interface Watching {
  readonly watch: ApiConnection['watch'];
  readonly resource: Resource;
  readonly listener: ResourceListener;
  readonly signal: AbortSignal;
}

/**
 * Watches until the server ends it, as it does now and then.
 * @returns the version to watch from next
 * @throws {WatchEndedError} it ended otherwise
 */
async function watchFrom(version: string, { watch, resource, listener, signal }: Watching): Promise<string> {
  let latest = version;
  let failed: WatchEndedError | undefined;
  const began = Date.now();
  await new Promise<void>((resolve) => {
    let stop = () => {};
    const silence = setTimeout(() => {
      failed = new WatchEndedError('was silent for too long; is the connection dead?');
      stop();
    }, SILENT_MS);
    const onAbort = () => stop();
    const end = (error?: unknown) => {
      clearTimeout(silence);
      signal.removeEventListener('abort', onAbort);
      if (error !== null && error !== undefined) failed ??= watchError(error);
      resolve();
    };
    signal.addEventListener('abort', onAbort);
    const query = { allowWatchBookmarks: true, resourceVersion: version, timeoutSeconds: WATCH_SECONDS };
    const onEvent = (type: string, object: unknown) => {
      if (signal.aborted || failed !== undefined) return;
      if (type === 'ERROR') {
        failed = watchError(object);
        stop();
        return;
      }
      latest = versionOf(object) ?? latest;
      if (type === 'DELETED') listener.onDeleted(object);
      else if (type !== 'BOOKMARK') listener.onChanged(object);
    };
    watch.watch(resource.path, query, onEvent, end).then((controller) => {
      stop = () => {
        controller.abort();
        end();
      };
      if (signal.aborted || failed !== undefined) stop();
    }, end);
  });
  if (failed !== undefined) throw failed;
  const isIdle = latest === version && Date.now() - began < IDLE_MS;
  if (isIdle && !signal.aborted) throw new WatchEndedError('ends watches at once; is there a proxy in between?');
  return latest;
}

/** Why a watch can't go on from where it was. */
class WatchEndedError extends WeirError {
  /** HTTP status, or what stands for it in an event. */
  readonly statusCode: number | undefined;

  constructor(message: string, statusCode?: number) {
    super('WATCH_ENDED', message);
    this.statusCode = statusCode;
  }
}

/** @param error  of the connection, or an object Status of the server */
function watchError(error: unknown): WatchEndedError {
  const { message, code } = error as { readonly message?: string; readonly code?: unknown };
  return new WatchEndedError(
    message ?? 'ended the watch',
    statusCode(error) ?? (typeof code === 'number' ? code : undefined),
  );
}

function versionOf(object: unknown): string | undefined {
  const { metadata } = object as { readonly metadata?: { readonly resourceVersion?: string } };
  return metadata?.resourceVersion;
}
