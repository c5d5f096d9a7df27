import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@weir/errors/test-support';
import { Redis } from 'ioredis';

export interface RedisServerSettings {
  /** Lines of redis.conf beside those that keep it in its directory. */
  readonly lines?: readonly string[];
  /** Of 127.0.0.1; absent: it listens on a socket in its directory alone. */
  readonly port?: number;
  /** Run this command instead, such as `ip netns exec` or `taskset` with their arguments; the server's own follows. */
  readonly wrapper?: readonly string[];
  readonly isSentinel?: boolean;
}

/** Of servers that have not ended: a test process that fails leaves nothing, either. */
const directories = new Set<string>();
process.once('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** A redis-server of one's own, in a temporary directory. It ends with this process, however that ends. */
export class RedisServer implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'weir-redis-'));
  readonly socket = join(this.directory, 'redis.sock');
  readonly #settings: RedisServerSettings;
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> | undefined;

  private constructor(settings: RedisServerSettings) {
    this.#settings = settings;
  }

  /** Resolves when it answers. */
  static async start(settings: RedisServerSettings = {}): Promise<RedisServer> {
    const server = new RedisServer(settings);
    directories.add(server.directory);
    try {
      await server.restart();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  get port(): number {
    return this.#settings.port ?? 0;
  }

  get pid(): number {
    return this.#child?.pid as number;
  }

  /** Starts it again, empty, where it was. */
  async restart(): Promise<void> {
    const { wrapper = [], isSentinel = false } = this.#settings;
    const configuration = join(this.directory, 'redis.conf');
    writeFileSync(configuration, `${this.#configuration().join('\n')}\n`);
    // setpriv: it ends with this process, however that ends.
    const command = [
      '--pdeathsig',
      'KILL',
      ...wrapper,
      'redis-server',
      configuration,
      ...(isSentinel ? ['--sentinel'] : []),
    ];
    const child = spawn('setpriv', command, { stdio: 'ignore' });
    this.#child = child;
    this.#ended = once(child, 'exit');
    const hasEnded = this.#ended.then(() => {
      throw new Error(`redis-server ended with ${child.exitCode ?? child.signalCode}`);
    });
    hasEnded.catch(() => {});
    await Promise.race([hasEnded, this.#untilItAnswers()]);
  }

  /** What a command answers. */
  async command(name: string, ...args: (string | number | Buffer)[]): Promise<unknown> {
    const client = new Redis({ path: this.socket, retryStrategy: null, lazyConnect: true, maxRetriesPerRequest: 0 });
    client.on('error', () => {});
    try {
      await client.connect();
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }

  /** A field of INFO, as a number. */
  async info(section: string, field: string): Promise<number> {
    const text = String(await this.command('INFO', section));
    return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(text)?.[1]);
  }

  /** To freeze and thaw it, for example. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** SIGKILL, and its end. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
    directories.delete(this.directory);
  }

  #configuration(): string[] {
    const { port = 0, lines = [] } = this.#settings;
    return [
      `port ${port}`,
      'bind 127.0.0.1',
      `unixsocket ${this.socket}`,
      `dir ${this.directory}`,
      'save ""',
      'appendonly no',
      'daemonize no',
      ...lines,
    ];
  }

  async #untilItAnswers(): Promise<void> {
    await eventually(`redis-server at ${this.socket}`, () => this.command('PING').catch(() => undefined));
  }
}
