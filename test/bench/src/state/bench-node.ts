import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BenchError } from '../bench-error.js';
import type { BenchNetwork } from '../dataplane/bench-network.js';
import { redisAddress } from './local-redis.js';

const LB_NODE = fileURLToPath(import.meta.resolve('@weir/lb-node/dist/main.js'));
/** Where packets of {@link clientPacket} go to. */
const VIP = '198.51.100.10';
const PORT = 80;
const LINES_SHOWN = 10;
/** sysconf(_SC_CLK_TCK) is 100 on every Linux that has this. */
const TICK_MS = 10;

export interface BenchNodeOptions {
  readonly name: string;
  readonly network: BenchNetwork;
  readonly takeoversPerSecond: number;
}

/** The daemon of a node in the namespaces of this process, with one service by IPIP and wlc. It announces nothing. */
export class BenchNode implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #configFile: string;
  readonly #directory: string;

  private constructor(process: ChildProcess, directory: string, configFile: string) {
    this.#process = process;
    this.#directory = directory;
    this.#configFile = configFile;
  }

  /**
   * Resolves when it forwards.
   * @throws {BenchError} BENCH_PATH_BROKEN with what the daemon said
   */
  static async start(options: BenchNodeOptions): Promise<BenchNode> {
    const directory = mkdtempSync(join(tmpdir(), `weir-${options.name}-`));
    const configFile = join(directory, 'weir.yaml');
    // JSON is YAML.
    writeFileSync(configFile, JSON.stringify(documentOf(options, directory)));
    const command = ['--pdeathsig', 'KILL', process.execPath, LB_NODE, '--config', configFile];
    const daemon = spawn('setpriv', command, { stdio: ['ignore', 'pipe', 'inherit'] });
    const node = new BenchNode(daemon, directory, configFile);
    const lines: string[] = [];
    // To its end: a daemon whose output nobody reads stands still.
    const output = createInterface({ input: daemon.stdout });
    const isReady = new Promise<boolean>((resolve) => {
      output.on('line', (line) => {
        lines.push(line);
        if (lines.length > LINES_SHOWN) lines.shift();
        if (line.includes('"msg":"ready"')) resolve(true);
      });
      output.once('close', () => resolve(false));
    });
    if (await isReady) return node;
    await node[Symbol.asyncDispose]();
    throw new BenchError('BENCH_PATH_BROKEN', `expected lb-node to be ready; it ended with ${lines.join('\n')}`);
  }

  /** CPU time of the daemon since it was started, in ms. */
  get cpuMs(): number {
    // proc(5): after the name, which may have spaces; 14 and 15 of the whole line are utime and stime.
    const stat = readFileSync(`/proc/${this.#process.pid}/stat`, 'latin1').split(') ')[1] as string;
    const fields = stat.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }

  /** As a crash does; packets for its VIP are nobody's then. */
  async crash(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGKILL');
      await once(this.#process, 'exit');
    }
    // The program would forward what it knows for as long as the machine is up.
    execFileSync(process.execPath, [LB_NODE, '--config', this.#configFile, 'detach'], { stdio: 'ignore' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.crash();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function documentOf({ name, network, takeoversPerSecond }: BenchNodeOptions, directory: string): object {
  return {
    node: { name, interfaces: [network.interface], address: network.sources.ipv4 },
    dataplane: {
      engine: 'xdp',
      mode: 'native',
      pinDirectory: `/sys/fs/bpf/${name}`,
      maxServices: 16,
      maxBackends: 64,
    },
    runtimeDirectory: directory,
    state: { store: 'redis', redis: { addresses: [redisAddress] }, takeoversPerSecond },
    services: [
      {
        name: 'bench',
        vip: VIP,
        port: PORT,
        method: 'ipip',
        scheduler: 'wlc',
        backends: network.backends.ipv4.map((address) => ({ address })),
      },
    ],
  };
}
