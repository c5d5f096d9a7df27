import { fileURLToPath } from 'node:url';
import { ECHO_PORT } from './echo.js';
import type { LabHost } from './lab-host.js';
import type { LabProcess } from './lab-process.js';
import type { Deadline } from './wait-until.js';

const CLIENT = fileURLToPath(new URL('tcp-sessions-client.js', import.meta.url));

export interface TcpSessionsOptions {
  readonly address: string;
  /** Of the echo servers. Default {@link ECHO_PORT}. */
  readonly port?: number;
  readonly count: number;
  /** Where the connections come from. Default: the kernel's choice. */
  readonly localAddress?: string;
}

/** Connections from a host to echo servers that stay open and in use. They end with the lab at the latest. */
export class TcpSessions implements AsyncDisposable {
  readonly #process: LabProcess;

  private constructor(process: LabProcess) {
    this.#process = process;
  }

  /** Resolves when each connection is open, or was refused, and a line has come back on each that is. */
  static async open(host: LabHost, options: TcpSessionsOptions): Promise<TcpSessions> {
    const { address, port = ECHO_PORT, count, localAddress } = options;
    const args = [CLIENT, address, port, count, ...(localAddress === undefined ? [] : [localAddress])].map(String);
    const sessions = new TcpSessions(host.spawn(process.execPath, args, { name: 'tcp-sessions' }));
    await sessions.#process.waitForLine(/"round":0/);
    return sessions;
  }

  /** How many connections each backend got. */
  get backends(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { backend } of this.#reports()) {
      if (backend !== undefined) counts[backend] = (counts[backend] ?? 0) + 1;
    }
    return counts;
  }

  /** Why connections ended, or could not be opened; empty as long as all go on. */
  get lost(): readonly string[] {
    return this.#reports().flatMap(({ lost }) => lost ?? []);
  }

  /**
   * Sends a line on each connection that is open, after this moment, and resolves when all of them have come back.
   *
   * @throws LabError `LAB_DEADLINE_PASSED` when one stays without an answer, `LAB_PROCESS_ENDED` when all were lost
   */
  async roundTrip(deadline: Deadline = {}): Promise<void> {
    const rounds = this.#reports().filter(({ round }) => round !== undefined).length;
    // The round that is under way may have begun before.
    await this.#process.waitForLine(new RegExp(`"round":${rounds + 1}\\b`), deadline);
  }

  /** Ends the connections. */
  async close(): Promise<void> {
    await this.#process.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #reports(): SessionReport[] {
    return this.#process.lines.map((line) => JSON.parse(line) as SessionReport);
  }
}

interface SessionReport {
  readonly backend?: string;
  readonly lost?: string;
  readonly round?: number;
}
