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
  /** The server is away, or refuses; what was told stays until {@link onList}, or goes on from there after {@link onWatched}. */
  onTrouble(error: unknown): void;
  /** A watch is up. */
  onWatched(): void;
}

const PAGE_OBJECTS = 500;

/** The server ends a watch then; a while later it is taken for gone. */
const WATCH_SECONDS = 240;
const SILENT_MS = (WATCH_SECONDS + 20) * 1000;

/** A watch that ends sooner, and told nothing, is no watch. */
const IDLE_MS = 1000;

/** After so many watches in a row that did not come up, all is listed again: the version may be one that the server never had. */
const WATCHES_MAX = 5;

/**
 * Lists, watches from there, and goes on from what it was told last whenever a watch ends; where the server has forgotten
 * that, it lists again. Resolves when `signal` aborts, whatever the server does.
 */
export async function followResource(
  { watch }: Pick<ApiConnection, 'watch'>,
  resource: Resource,
  listener: ResourceListener,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  const onUp = () => {
    failures = 0;
    listener.onWatched();
  };
  for (let version: string | undefined; !signal.aborted; ) {
    try {
      version ??= await list(resource, listener, signal);
      const ended = await watchFrom(version, { watch, resource, listener, signal, onUp });
      version = ended.latest;
      if (ended.error !== undefined) throw ended.error;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      // The server has forgotten what changed since: that is not trouble.
      const isForgotten = statusCode(error) === 410;
      if (isForgotten || failures % WATCHES_MAX === 0) version = undefined;
      if (!isForgotten) listener.onTrouble(error);
      await delay(backoffMs(failures), undefined, { signal }).catch(() => {});
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
  /** It told something, or lasts. */
  onUp(): void;
}

interface EndedWatch {
  /** The version to watch from next. */
  readonly latest: string;
  /** Absent: the server ended it, as it does now and then, or `signal` did. */
  readonly error?: WatchEndedError;
}

/** Watches until the server ends it, or `signal` aborts. */
function watchFrom(version: string, { watch, resource, listener, signal, onUp }: Watching): Promise<EndedWatch> {
  return new Promise((resolve) => {
    let latest = version;
    let isUp = false;
    let isEnded = false;
    let controller: AbortController | undefined;
    const up = () => {
      if (!isUp) onUp();
      isUp = true;
    };
    // The client hands out its controller with the head of the answer: one that never comes must not keep anybody waiting.
    const end = (error?: WatchEndedError) => {
      if (isEnded) return;
      isEnded = true;
      clearTimeout(silence);
      clearTimeout(idle);
      signal.removeEventListener('abort', onAbort);
      controller?.abort();
      resolve(error === undefined || signal.aborted ? { latest } : { latest, error });
    };
    const onAbort = () => end();
    const onDone = (error?: unknown) => {
      if (error !== null && error !== undefined) end(watchError(error));
      else if (isUp) end();
      else end(new WatchEndedError('ends watches at once; is there a proxy in between?'));
    };
    const onEvent = (type: string, object: unknown) => {
      if (isEnded) return;
      if (type === 'ERROR') {
        end(watchError(object));
        return;
      }
      latest = versionOf(object) ?? latest;
      up();
      if (type === 'DELETED') listener.onDeleted(object);
      else if (type !== 'BOOKMARK') listener.onChanged(object);
    };
    const silence = setTimeout(
      () => end(new WatchEndedError('was silent for too long; is the connection dead?')),
      SILENT_MS,
    );
    let idle: NodeJS.Timeout | undefined;
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) return end();
    const query = { allowWatchBookmarks: true, resourceVersion: version, timeoutSeconds: WATCH_SECONDS };
    watch.watch(resource.path, query, onEvent, onDone).then((opened) => {
      controller = opened;
      if (isEnded) opened.abort();
      else idle = setTimeout(up, IDLE_MS);
    }, onDone);
  });
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
