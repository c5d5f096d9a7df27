import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabHost } from './lab-host.js';
import type { LabProcess } from './lab-process.js';

const READY = /Ready to accept connections|Sentinel ID is/;

export interface RedisServerOptions {
  readonly port: number;
  /** Lines of redis.conf, after those of the lab. */
  readonly settings?: readonly string[];
  /** Whether it is a Sentinel, which watches servers and holds no data. */
  readonly sentinel?: boolean;
}

/** A redis-server of a lab, which can be killed and started again. It keeps nothing on disk unless its settings say so. */
export class RedisServer {
  readonly port: number;
  readonly #directory: string;
  #process: LabProcess | undefined;

  private constructor(
    readonly host: LabHost,
    readonly options: RedisServerOptions,
  ) {
    this.port = options.port;
    this.#directory = join(host.directory, `${host.name}-redis-${options.port}`);
  }

  /**
   * Starts a server on all addresses of a host, and returns when it answers.
   *
   * @throws LabError `LAB_PROGRAM_MISSING`; `LAB_PROCESS_ENDED` with what redis-server said
   */
  static async start(host: LabHost, options: RedisServerOptions): Promise<RedisServer> {
    const server = new RedisServer(host, options);
    mkdirSync(server.#directory, { recursive: true });
    // A Sentinel writes into its file what it learns.
    writeFileSync(server.#configurationFile, `${server.#configuration().join('\n')}\n`);
    await server.start();
    return server;
  }

  /** `address:port` of a family. */
  address(family: 'ipv4' | 'ipv6' = 'ipv4'): string {
    const address = this.host.address(family);
    return `${family === 'ipv6' ? `[${address}]` : address}:${this.port}`;
  }

  get isRunning(): boolean {
    return this.#process !== undefined && this.#process.end === undefined;
  }

  /** Starts it again after {@link kill}: with nothing, where it keeps nothing on disk. */
  async start(): Promise<void> {
    const { port, sentinel = false } = this.options;
    const args = [this.#configurationFile, ...(sentinel ? ['--sentinel'] : [])];
    this.#process = this.host.spawn('redis-server', args, { name: `redis-${port}` });
    await this.#process.waitForLine(READY);
  }

  /** As a crash does: it saves nothing. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#process?.exited;
  }

  /**
   * The answer to a command by redis-cli, lists as a value a line. Arguments may have bytes as `\x00`.
   *
   * @throws LabError `LAB_COMMAND_FAILED`; an error that the server answers is an answer
   */
  async command(...args: readonly string[]): Promise<string> {
    const [answer = ''] = await this.commands([args]);
    return answer;
  }

  /** The answers to several commands over one connection; only answers of one line each can be told apart. */
  async commands(commands: readonly (readonly string[])[]): Promise<string[]> {
    const input = commands.map((args) => args.map((arg) => `"${arg.replaceAll('"', '\\"')}"`).join(' '));
    const output = await this.host.output('redis-cli', ['-p', String(this.port)], { input });
    return commands.length === 1 ? [output.trimEnd()] : output.trimEnd().split('\n');
  }

  /** Commands that were carried out since it was started or the counts were reset, by their names in lower case. */
  async commandCounts(): Promise<Readonly<Record<string, number>>> {
    const statistics = await this.command('INFO', 'commandstats');
    const counts = [...statistics.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)];
    return Object.fromEntries(counts.map(([, name, calls]) => [name, Number(calls)]));
  }

  get #configurationFile(): string {
    return join(this.#directory, 'redis.conf');
  }

  /** https://redis.io/docs/latest/operate/oss_and_stack/management/config-file/ */
  #configuration(): string[] {
    const { port, settings = [], sentinel = false } = this.options;
    const everyServer = [`port ${port}`, `dir ${this.#directory}`, 'bind * -::*', 'protected-mode no'];
    return [...everyServer, ...(sentinel ? [] : ['save ""', 'appendonly no']), ...settings];
  }
}
