import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer, connect as dial, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { NodeConfig } from '@weir/control';
import { WeirError } from '@weir/errors';
import type { SharingReport } from './sharing-report.js';

const TIMEOUT_MS = 5_000;

/** Where the daemon of a node is asked for what it has shared. */
export function sharingSocketOf({ runtimeDirectory }: Pick<NodeConfig, 'runtimeDirectory'>): string {
  return join(runtimeDirectory, 'sharing.sock');
}

/** Tells what was shared to whoever connects, as JSON: what the store and look-ups did is counted in this process alone. */
export class SharingSocket implements AsyncDisposable {
  readonly #server: Server;

  /**
   * A socket that a former process left at `path` gives way.
   * @throws {WeirError} SHARING_SOCKET_REFUSED
   */
  static async open(path: string, read: () => SharingReport): Promise<SharingSocket> {
    try {
      mkdirSync(dirname(path), { recursive: true });
      rmSync(path, { force: true });
      const server = createServer((connection) => {
        connection.on('error', () => connection.destroy());
        connection.end(JSON.stringify(read()));
      });
      server.listen(path);
      await once(server, 'listening');
      return new SharingSocket(server);
    } catch (cause) {
      const message = `what is shared can't be told at ${path}: ${(cause as Error).message}; a socket's path has at most 107 bytes`;
      throw new WeirError('SHARING_SOCKET_REFUSED', message, { cause, details: { path } });
    }
  }

  private constructor(server: Server) {
    this.#server = server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/**
 * What the daemon has shared that runs now; undefined: none does.
 * @throws {WeirError} SHARING_UNAVAILABLE: one is there and does not answer
 */
export async function readSharing(path: string): Promise<SharingReport | undefined> {
  const connection = dial(path);
  connection.setTimeout(TIMEOUT_MS, () => connection.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
  try {
    return JSON.parse(await text(connection)) as SharingReport;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
    throw new WeirError('SHARING_UNAVAILABLE', `lb-node does not answer at ${path}: ${message}`, {
      cause,
      details: { path },
    });
  }
}
