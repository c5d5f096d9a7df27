import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NodeConfig } from '@weir/control';
import { WeirError } from '@weir/errors';

/** Connections at once; a page of ten thousand backends is 10 MB, and who reads slowly keeps it in memory. */
const CONNECTIONS_MAX = 16;
const REQUEST_MS = 10_000;
const IDLE_MS = 60_000;

/** What a path answers with. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
}

/** Answers GET and HEAD of some paths, and nothing else; no TLS, no password. */
export class MetricsServer implements AsyncDisposable {
  readonly #server: Server;

  /**
   * @param answers  by path
   * @throws {WeirError} METRICS_ADDRESS_REFUSED
   */
  static async open(
    { host, port }: NonNullable<NodeConfig['metrics']>['listen'],
    answers: Readonly<Record<string, () => Promise<Answer>>>,
  ): Promise<MetricsServer> {
    const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, (request, response) => {
      void answer(request, response, answers);
    });
    server.maxConnections = CONNECTIONS_MAX;
    server.setTimeout(IDLE_MS);
    try {
      server.listen(port, host);
      await once(server, 'listening');
    } catch (cause) {
      const message = `metrics.listen: ${host} port ${port} can't be listened on: ${(cause as Error).message}; take an address of this node and a port that is free`;
      throw new WeirError('METRICS_ADDRESS_REFUSED', message, { cause, details: { host, port } });
    }
    return new MetricsServer(server);
  }

  private constructor(server: Server) {
    this.#server = server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    // A scraper keeps its connection open.
    this.#server.closeAllConnections();
    await closed;
  }
}

async function answer(
  { method, url = '/' }: IncomingMessage,
  response: ServerResponse,
  answers: Readonly<Record<string, () => Promise<Answer>>>,
): Promise<void> {
  const path = url.split('?', 1)[0] as string;
  const known = Object.hasOwn(answers, path) ? answers[path] : undefined;
  const { status, type, body } = await found(method, known, Object.keys(answers));
  const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store' };
  response.writeHead(status, status === 405 ? { ...headers, allow: 'GET, HEAD' } : headers);
  response.end(method === 'HEAD' ? '' : body);
}

async function found(
  method: string | undefined,
  known: (() => Promise<Answer>) | undefined,
  paths: readonly string[],
): Promise<Answer> {
  if (known === undefined) return plain(404, `there is ${paths.join(', ')}`);
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'there is GET and HEAD');
  try {
    return await known();
  } catch (error) {
    return plain(500, (error as Error).message);
  }
}

/** A line of text. */
export function plain(status: number, line: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${line}\n` };
}
