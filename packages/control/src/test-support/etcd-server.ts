import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, freePorts } from '@weir/errors/test-support';
import type { Endpoint } from '../endpoint-schema.js';
import type { TlsFiles } from './tls-files.js';

const run = promisify(execFile);

export interface EtcdServerSettings {
  /** For clients; they need a certificate too. */
  readonly tls?: TlsFiles;
  /** Further arguments of etcd. */
  readonly args?: readonly string[];
}

interface Member {
  readonly name: string;
  readonly clientPort: number;
  readonly peerPort: number;
}

/** Of servers that have not ended: a test process that fails leaves nothing, either. */
const directories = new Set<string>();
process.once('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** A member of etcd of one's own at 127.0.0.1, in a temporary directory. It ends with this process, however that ends. */
export class EtcdServer implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'weir-etcd-'));
  readonly endpoint: Endpoint;
  /** What etcdctl is told besides, such as `--user`. */
  etcdctlArgs: readonly string[] = [];
  readonly #member: Member;
  readonly #all: readonly Member[];
  readonly #settings: EtcdServerSettings;
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> | undefined;

  constructor(member: Member, all: readonly Member[], settings: EtcdServerSettings) {
    directories.add(this.directory);
    this.#member = member;
    this.#all = all;
    this.#settings = settings;
    this.endpoint = { host: '127.0.0.1', port: member.clientPort };
  }

  /** Alone. Resolves when it answers. */
  static async start(settings: EtcdServerSettings = {}): Promise<EtcdServer> {
    const [server] = await startEtcdMembers(1, settings);
    return server as EtcdServer;
  }

  /** Starts it, with the data that it had. */
  async start(): Promise<void> {
    // setpriv: it ends with this process, however that ends.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'etcd', ...this.#arguments()], { stdio: 'ignore' });
    this.#child = child;
    this.#ended = once(child, 'exit');
    const hasEnded = this.#ended.then(() => {
      throw new Error(`etcd ended with ${child.exitCode ?? child.signalCode}`);
    });
    hasEnded.catch(() => {});
    const answers = eventually(`etcd at port ${this.endpoint.port}`, () =>
      this.etcdctl('endpoint', 'health').then(
        () => true,
        (error: Error & { stderr?: string }) => isRefusal(error.stderr),
      ),
    );
    await Promise.race([hasEnded, answers]);
  }

  /** A further member of its cluster, which does not vote. */
  async startLearner(): Promise<EtcdServer> {
    const [clientPort, peerPort] = (await freePorts(2)) as [number, number];
    const member = { name: 'learner', clientPort, peerPort };
    await this.etcdctl('member', 'add', member.name, '--learner', `--peer-urls=http://127.0.0.1:${peerPort}`);
    const args = ['--initial-cluster-state', 'existing'];
    const learner = new EtcdServer(member, [...this.#all, member], { ...this.#settings, args });
    await learner.start();
    return learner;
  }

  /** What etcdctl(1) prints. */
  async etcdctl(...args: string[]): Promise<string> {
    const { tls } = this.#settings;
    const access = tls === undefined ? [] : ['--cacert', tls.ca, '--cert', tls.certificate, '--key', tls.key];
    const all = ['--endpoints', this.#url(this.endpoint.port), ...access, ...this.etcdctlArgs, ...args];
    const { stdout } = await run('etcdctl', all, { env: { ...process.env, ETCDCTL_API: '3' } });
    return stdout;
  }

  /** Such as SIGSTOP, by which it becomes silent. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** SIGKILL, and its end. Its data stay. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
    directories.delete(this.directory);
  }

  #arguments(): string[] {
    const { name, clientPort, peerPort } = this.#member;
    const { tls, args = [] } = this.#settings;
    const peer = `http://127.0.0.1:${peerPort}`;
    const cluster = this.#all.map((member) => `${member.name}=http://127.0.0.1:${member.peerPort}`).join(',');
    return [
      ...['--name', name, '--data-dir', join(this.directory, 'data'), '--log-level', 'error'],
      ...['--listen-client-urls', this.#url(clientPort), '--advertise-client-urls', this.#url(clientPort)],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', cluster],
      // Leases may be as short as a second, and elections are, too.
      ...['--heartbeat-interval', '50', '--election-timeout', '500'],
      ...(tls === undefined ? [] : tlsArguments(tls)),
      ...args,
    ];
  }

  #url(port: number): string {
    return `${this.#settings.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  }
}

/** Members of one cluster, each of which answers. */
export async function startEtcdMembers(count: number, settings: EtcdServerSettings = {}): Promise<EtcdServer[]> {
  const ports = await freePorts(2 * count);
  const members = Array.from({ length: count }, (_, at) => ({
    name: `member${at}`,
    clientPort: ports[2 * at] as number,
    peerPort: ports[2 * at + 1] as number,
  }));
  const servers = members.map((member) => new EtcdServer(member, members, settings));
  try {
    await Promise.all(servers.map((server) => server.start()));
  } catch (error) {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    throw error;
  }
  return servers;
}

function tlsArguments({ ca, certificate, key }: TlsFiles): string[] {
  return ['--cert-file', certificate, '--key-file', key, '--client-cert-auth', '--trusted-ca-file', ca];
}

/** Somebody answers, though nobody without a name, or nobody at all. */
function isRefusal(text = ''): boolean {
  return /user name is empty|permission denied|invalid user|not supported for learner/.test(text);
}
