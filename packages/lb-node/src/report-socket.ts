import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { NodeConfig } from '@weir/control';
import { WeirError } from '@weir/errors';
import type { HealthReport } from './health-report.js';
import type { SharingReport } from './sharing-report.js';

const TIMEOUT_MS = 5_000;

/** What the daemon of a node tells that no data plane counts. */
export interface Reports {
  /** What the store and look-ups did. */
  readonly sharing: SharingReport;
  /** What is thought of backends. */
  readonly health: HealthReport;
}

/** Where the daemon is asked for a report. */
export function reportSocketOf(
  { runtimeDirectory }: Pick<NodeConfig, 'runtimeDirectory'>,
  report: keyof Reports,
): string {
  return join(runtimeDirectory, `${report}.sock`);
}

/** Tells a report to whoever connects, as JSON. */
export class ReportSocket implements AsyncDisposable {
  readonly #server: Server;
  readonly #connections: ReadonlySet<Socket>;

  /**
   * A socket that a former process left there gives way.
   * @throws {WeirError} REPORT_SOCKET_REFUSED
   */
  static async open<Name extends keyof Reports>(
    config: Pick<NodeConfig, 'runtimeDirectory'>,
    name: Name,
    read: () => Reports[Name],
  ): Promise<ReportSocket> {
    const path = reportSocketOf(config, name);
    try {
      mkdirSync(dirname(path), { recursive: true });
      rmSync(path, { force: true });
      const connections = new Set<Socket>();
      const server = createServer((connection) => {
        connections.add(connection);
        connection.on('close', () => connections.delete(connection));
        connection.on('error', () => connection.destroy());
        connection.setTimeout(TIMEOUT_MS, () => connection.destroy());
        connection.end(JSON.stringify(read()));
      });
      server.listen(path);
      await once(server, 'listening');
      return new ReportSocket(server, connections);
    } catch (cause) {
      const message = `the report on ${name} can't be told at ${path}: ${(cause as Error).message}; a socket's path has at most 107 bytes`;
      throw new WeirError('REPORT_SOCKET_REFUSED', message, { cause, details: { path } });
    }
  }

  private constructor(server: Server, connections: ReadonlySet<Socket>) {
    this.#connections = connections;
    this.#server = server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    // A client that keeps its end open would keep this process.
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }
}

/**
 * What the daemon reports that runs now; undefined: none does, or it has nothing to report.
 * @throws {WeirError} REPORT_UNAVAILABLE: one is there and does not answer
 */
export async function readReport<Name extends keyof Reports>(
  config: Pick<NodeConfig, 'runtimeDirectory'>,
  name: Name,
): Promise<Reports[Name] | undefined> {
  const path = reportSocketOf(config, name);
  const connection = dial(path);
  connection.setTimeout(TIMEOUT_MS, () => connection.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
  try {
    return JSON.parse(await text(connection)) as Reports[Name];
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
    throw new WeirError('REPORT_UNAVAILABLE', `lb-node does not answer at ${path}: ${message}`, {
      cause,
      details: { path },
    });
  }
}
