import type { Etcd3, IWatchResponse } from 'etcd3';
import { rangeEnd } from './key-range.js';

/** What happened to one key. */
export interface KeyEvent {
  /** Without the prefix. */
  readonly key: string;
  /** Undefined: it is gone. */
  readonly text: string | undefined;
  /** Of this change. */
  readonly revision: string;
}

export interface WatchOptions {
  readonly prefix: string;
  /** The first that is told of. */
  readonly fromRevision: bigint;
  /** A member that says nothing for so long, though it was asked, is given up. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** In order; those of one moment at once. */
  onEvents(events: readonly KeyEvent[], revision: string): void;
}

/**
 * Watches all keys with a prefix until that goes wrong or the signal aborts. Not etcd3's Watcher: it reconnects
 * by itself and for ever, and throws where nobody can catch.
 *
 * @returns why it ended: what the member or the connection said. Never rejects.
 */
export async function watchRange(client: Etcd3, options: WatchOptions): Promise<Error> {
  const { prefix, fromRevision, timeoutMs, signal } = options;
  let stream: Awaited<ReturnType<Etcd3['watchClient']['watch']>>;
  try {
    stream = await client.watchClient.watch();
  } catch (error) {
    return error as Error;
  }
  return new Promise((resolve) => {
    let silence: NodeJS.Timeout | undefined;
    const end = (reason: Error) => {
      clearInterval(asking);
      clearTimeout(silence);
      signal.removeEventListener('abort', abort);
      stream.cancel();
      resolve(reason);
    };
    const abort = () => end(new Error('stopped'));
    const ask = () => {
      silence ??= setTimeout(() => end(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
      stream.write({ progress_request: {} });
    };
    const asking = setInterval(ask, timeoutMs);
    signal.addEventListener('abort', abort);
    stream.on('error', end);
    stream.on('end', () => end(new Error('the member ended the watch')));
    stream.on('data', (response: IWatchResponse) => {
      clearTimeout(silence);
      silence = undefined;
      if (response.canceled) return end(cancellation(response));
      if (response.events.length > 0) options.onEvents(eventsOf(response, prefix), response.header.revision);
    });
    stream.write({
      create_request: { key: Buffer.from(prefix), range_end: rangeEnd(prefix), start_revision: String(fromRevision) },
    });
    ask();
    if (signal.aborted) abort();
  });
}

function cancellation({ compact_revision, cancel_reason }: IWatchResponse): Error {
  return compact_revision === '0'
    ? new Error(cancel_reason === '' ? 'the member cancelled the watch' : cancel_reason)
    : new Error(`changes before revision ${compact_revision} were compacted`);
}

function eventsOf({ events }: IWatchResponse, prefix: string): KeyEvent[] {
  return events.map(({ type, kv }) => ({
    key: kv.key.toString().slice(prefix.length),
    text: type === 'Delete' ? undefined : kv.value.toString(),
    revision: kv.mod_revision,
  }));
}
