import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { freePorts } from '@weir/errors/test-support';
import type { ExecutionContext } from 'ava';
import type { Endpoint } from '../endpoint-schema.js';

/** A port that nobody has by TCP may be somebody's by UDP. */
const PORTS_TRIED = 10;

/** A dnsmasq on a port of 127.0.0.1, which ends with the test. It answers for names below `test` alone. */
export class DnsServer {
  readonly endpoint: Endpoint;
  #child: ChildProcess | undefined;
  #onLine: (line: string) => void = () => {};

  private constructor(port: number) {
    this.endpoint = { host: '127.0.0.1', port };
  }

  /** @param options  of dnsmasq's command line; none: it is not started */
  static async open(t: ExecutionContext, options?: readonly string[]): Promise<DnsServer> {
    for (let triesLeft = PORTS_TRIED; ; triesLeft--) {
      const server = new DnsServer((await freePorts(1))[0] as number);
      t.teardown(() => server.stop());
      try {
        if (options !== undefined) await server.restart(options);
        return server;
      } catch (error) {
        if (triesLeft === 0 || !String(error).includes('Address already in use')) throw error;
      }
    }
  }

  /** Calls back for each line of the log, one a question. */
  onLine(callback: (line: string) => void): void {
    this.#onLine = callback;
  }

  async restart(options: readonly string[]): Promise<void> {
    await this.stop();
    const { host, port } = this.endpoint;
    const child = spawn(
      'setpriv', // it ends with this process, however that ends
      [
        ...['--pdeathsig', 'KILL', 'dnsmasq'],
        '--keep-in-foreground',
        '--conf-file=/dev/null',
        '--pid-file=',
        '--log-facility=-',
        '--log-queries',
        ...(process.getuid?.() === 0 ? ['--user=root'] : []),
        '--no-resolv',
        '--no-hosts',
        '--local=/test/',
        '--bind-interfaces',
        `--listen-address=${host}`,
        `--port=${port}`,
        ...options,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#child = child;
    const lines: string[] = [];
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`dnsmasq ended: ${lines.join('\n')}`)));
      createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
        lines.push(line);
        this.#onLine(line);
        if (line.includes('started, version')) resolve();
      });
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill();
    await ended;
  }
}
