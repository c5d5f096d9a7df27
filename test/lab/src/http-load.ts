import { fileURLToPath } from 'node:url';
import type { LabHost } from './lab-host.js';
import type { LabProcess } from './lab-process.js';

const CLIENT = fileURLToPath(new URL('http-load-client.js', import.meta.url));
const STOP_TIMEOUT_MS = 30_000;

export interface HttpLoadOptions {
  readonly url: string;
  /** Each over a new connection. */
  readonly requestsPerSecond: number;
  /** After which a request counts as failed. Default 5 s: long enough for a SYN to be sent again twice. */
  readonly timeoutMs?: number;
  /** Default: until stopped. */
  readonly requests?: number;
}

/** What became of the requests of a while. */
export interface HttpResult {
  readonly requests: number;
  readonly failed: number;
  /** How often each error came. */
  readonly errors: Readonly<Record<string, number>>;
  /** Answers by the backend that gave them. */
  readonly backends: Readonly<Record<string, number>>;
  readonly slowestMs: number;
}

/** Steady HTTP requests from a host of a lab, counted. */
export class HttpLoad {
  readonly #process: LabProcess;
  #lines: string[] = [];

  private constructor(process: LabProcess) {
    this.#process = process;
    process.on('line', (line) => this.#lines.push(line));
  }

  static start(host: LabHost, options: HttpLoadOptions): HttpLoad {
    const { url, requestsPerSecond, timeoutMs = 5000, requests = Number.MAX_SAFE_INTEGER } = options;
    const args = [CLIENT, url, requestsPerSecond, timeoutMs, requests].map(String);
    return new HttpLoad(host.spawn(process.execPath, args, { name: 'http-load' }));
  }

  /** Sends a number of requests and counts them. */
  static async run(host: LabHost, options: HttpLoadOptions & { readonly requests: number }): Promise<HttpResult> {
    const load = HttpLoad.start(host, options);
    await load.#process.waitForEnd({
      timeoutMs: (1000 * options.requests) / options.requestsPerSecond + STOP_TIMEOUT_MS,
    });
    return load.take();
  }

  /** What ended since the last call. */
  take(): HttpResult {
    const lines = this.#lines;
    this.#lines = [];
    const errors: Record<string, number> = {};
    const backends: Record<string, number> = {};
    let slowestMs = 0;
    for (const line of lines) {
      const { ms, backend, error } = JSON.parse(line) as { ms: number; backend?: string; error?: string };
      slowestMs = Math.max(slowestMs, ms);
      if (error !== undefined) errors[error] = (errors[error] ?? 0) + 1;
      else if (backend !== undefined) backends[backend] = (backends[backend] ?? 0) + 1;
    }
    const failed = Object.values(errors).reduce((sum, count) => sum + count, 0);
    return { requests: lines.length, failed, errors, backends, slowestMs };
  }

  /**
   * Resolves with the next request that ends.
   *
   * @throws LabError `LAB_PROCESS_ENDED`, `LAB_DEADLINE_PASSED`
   */
  async nextResult(): Promise<void> {
    await this.#process.waitForLine(/^/, { after: this.#process.lines.length });
  }

  /** Resolves when so many more requests have ended, however long the client takes. @throws as {@link nextResult} */
  async nextResults(count: number): Promise<void> {
    for (let ended = 0; ended < count; ended++) await this.nextResult();
  }

  /** Sends no more, waits for what is under way, and says what became of all since the last {@link take}. */
  async stop(): Promise<HttpResult> {
    await this.#process.stop('SIGTERM', STOP_TIMEOUT_MS);
    await this.#process.closed;
    return this.take();
  }
}
