import { fileURLToPath } from 'node:url';
import { LabError } from './lab-error.js';
import type { LabHost } from './lab-host.js';
import type { LabProcess } from './lab-process.js';
import type { Deadline } from './wait-until.js';

const SERVER = fileURLToPath(new URL('checked-server.js', import.meta.url));
const CLIENT = fileURLToPath(new URL('checked-client.js', import.meta.url));

/** Default port of checked servers. */
export const CHECKED_PORT = 9;

export interface CheckedConnectionsOptions {
  readonly address: string;
  /** Default {@link CHECKED_PORT}. */
  readonly port?: number;
  readonly count: number;
  /** Of each message, both ways. Default 200. */
  readonly messageBytes?: number;
  /** Between two messages of each end of a connection. Default 100. */
  readonly intervalMs?: number;
  /** Where the connections come from. Default: the kernel's choice. */
  readonly localAddress?: string;
}

/** What the client's program is told. */
export type ClientOptions = Required<Omit<CheckedConnectionsOptions, 'localAddress'>> &
  Pick<CheckedConnectionsOptions, 'localAddress'>;

/** A connection that ended, or could not be opened. */
export interface LostConnection {
  /** 0 for the first that was opened. */
  readonly connection: number;
  /** As the kernel says it: `read ECONNRESET`; or which byte was wrong. */
  readonly lost: string;
  /** Undefined when none had answered. */
  readonly backend?: string;
  readonly ageMs: number;
}

/** How the connections fared. */
export interface ConnectionsReport {
  readonly alive: number;
  /** Of those, how many have not moved data both ways since the mark. */
  readonly unmoved: number;
  readonly lost: number;
  /** Connections on which something arrived that was not sent so; they are among the lost. */
  readonly mismatches: number;
  /** Of all connections since they were opened. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /**
   * The longest time in which a connection did not move data both ways, over the connections that live: of the pauses that
   * lasted at the mark or began after it, each counted whole.
   */
  readonly pausesMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** Where {@link CheckedConnections} end; what is wrong with what it gets. */
export class CheckedServer implements AsyncDisposable {
  constructor(readonly process: LabProcess) {}

  /** What arrived and was not sent so. Those connections were reset. */
  get mismatches(): readonly string[] {
    return this.process.lines.filter((line) => line.includes('"mismatch"'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
  }
}

/** Starts a server for {@link CheckedConnections} in a host, and returns when it listens on all addresses. */
export async function startCheckedServer(host: LabHost, { port = CHECKED_PORT } = {}): Promise<CheckedServer> {
  const server = host.spawn(process.execPath, [SERVER, host.name, String(port)], { name: `checked-${port}` });
  await server.waitForLine(/^ready$/);
  return new CheckedServer(server);
}

/**
 * Connections from a host that move data both ways at a steady pace, with every byte checked at both ends. They end with
 * the lab at the latest.
 */
export class CheckedConnections implements AsyncDisposable {
  readonly #process: LabProcess;
  readonly #backends = new Map<number, string>();
  readonly #lost: LostConnection[] = [];
  #marks = 0;

  private constructor(process: LabProcess) {
    this.#process = process;
    process.on('line', (line) => {
      const said = JSON.parse(line) as Partial<LostConnection>;
      if (said.lost !== undefined) this.#lost.push(said as LostConnection);
      else if (said.connection !== undefined) this.#backends.set(said.connection, said.backend as string);
    });
  }

  /** Resolves when each connection has moved data both ways, or was refused. */
  static async open(
    host: LabHost,
    options: CheckedConnectionsOptions,
    { timeoutMs = 30_000, ...deadline }: Deadline = {},
  ): Promise<CheckedConnections> {
    const complete: ClientOptions = { port: CHECKED_PORT, messageBytes: 200, intervalMs: 100, ...options };
    const name = 'checked-connections';
    const connections = new CheckedConnections(
      host.spawn(process.execPath, [CLIENT, JSON.stringify(complete)], { name }),
    );
    await connections.#process.waitForLine(/^\{"opened":/, { timeoutMs, ...deadline });
    return connections;
  }

  /** How many connections each backend got. */
  get backends(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const backend of this.#backends.values()) counts[backend] = (counts[backend] ?? 0) + 1;
    return counts;
  }

  /** Connections that ended, or could not be opened; empty as long as all go on. */
  get lost(): readonly LostConnection[] {
    return this.#lost;
  }

  /** Begins anew what {@link allMoved} waits for, and what {@link report} says of pauses. */
  async mark(): Promise<void> {
    const mark = ++this.#marks;
    const marked = this.#process.waitForLine(new RegExp(`^\\{"mark":${mark}\\}`));
    this.#process.kill('SIGUSR2');
    await marked;
  }

  /**
   * Resolves when on each connection that lives something that was sent after the mark has arrived, and been answered.
   *
   * @throws LabError `LAB_DEADLINE_PASSED` when one stands still
   */
  async allMoved(deadline: Deadline = {}): Promise<void> {
    try {
      await this.#process.waitForLine(new RegExp(`^\\{"moved":${this.#marks}\\}`), deadline);
    } catch (cause) {
      if (this.#process.end !== undefined) throw cause;
      const report = JSON.stringify(await this.report());
      throw new LabError('LAB_DEADLINE_PASSED', `waited for all connections to move data; they say ${report}`, {
        cause,
      });
    }
  }

  /** Marks, and waits until each connection has moved data both ways. */
  async roundTrip(deadline: Deadline = {}): Promise<void> {
    await this.mark();
    await this.allMoved(deadline);
  }

  async report(): Promise<ConnectionsReport> {
    const line = this.#process.waitForLine(/^\{"report":/, { after: this.#process.lines.length });
    this.#process.kill('SIGHUP');
    return (JSON.parse(await line) as { report: ConnectionsReport }).report;
  }

  /** Ends the connections. */
  async close(): Promise<void> {
    await this.#process.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
