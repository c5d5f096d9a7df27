import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer, connect as dial } from 'node:net';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Counters } from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';

const TIMEOUT_MS = 5000;

/**
 * Tells what was counted to whoever connects to a socket, as JSON: the counters of this engine are in its process, where
 * those of XDP are pinned.
 */
export class CountersSocket implements AsyncDisposable {
  readonly #server;

  /**
   * A socket that a former process left at `path` gives way.
   * @throws {DataplaneError} COUNTERS_SOCKET_REFUSED
   */
  static async open(path: string, read: () => Counters): Promise<CountersSocket> {
    try {
      mkdirSync(dirname(path), { recursive: true });
      rmSync(path, { force: true });
      const server = createServer((connection) => {
        connection.on('error', () => connection.destroy());
        connection.end(JSON.stringify(read()));
      });
      server.listen(path);
      await once(server, 'listening');
      return new CountersSocket(server);
    } catch (cause) {
      const message = `counters can't be told at ${path}: ${(cause as Error).message}; a socket's path has at most 107 bytes`;
      throw new DataplaneError('COUNTERS_SOCKET_REFUSED', message, { cause, details: { path } });
    }
  }

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/**
 * What a portable data plane has counted that runs now.
 * @param path  as its {@link PortableDataplaneOptions.countersSocket}
 * @throws {DataplaneError} COUNTERS_UNAVAILABLE: none answers there
 */
export async function readPortableCounters(path: string): Promise<Counters> {
  const connection = dial(path);
  connection.setTimeout(TIMEOUT_MS, () => connection.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
  try {
    return JSON.parse(await text(connection)) as Counters;
  } catch (cause) {
    const message = `no portable data plane answers at ${path}: ${(cause as Error).message}`;
    throw new DataplaneError('COUNTERS_UNAVAILABLE', message, { cause, details: { path } });
  }
}
