import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LabHost } from './lab-host.js';
import type { LabProcess } from './lab-process.js';

const READY = /ready to serve client requests/;
/** A member that was killed waits for an election, which takes some seconds at worst. */
const START_TIMEOUT_MS = 20_000;

export interface EtcdServerOptions {
  readonly port: number;
  /** Where members talk to each other. */
  readonly peerPort: number;
  /** Peer ports of all members of its cluster, itself included; default: it is alone. */
  readonly peerPorts?: readonly number[];
}

/** An etcd of a lab, which can be killed and started again: what it has acknowledged is on disk. */
export class EtcdServer {
  #process: LabProcess | undefined;

  private constructor(
    readonly host: LabHost,
    readonly options: EtcdServerOptions,
  ) {}

  /**
   * Starts a member on all addresses of a host, and returns when it answers: in a cluster not before most members run.
   *
   * @throws LabError `LAB_PROGRAM_MISSING`; `LAB_PROCESS_ENDED` with what etcd said
   */
  static async start(host: LabHost, options: EtcdServerOptions): Promise<EtcdServer> {
    const server = new EtcdServer(host, options);
    mkdirSync(server.#directory, { recursive: true, mode: 0o700 });
    await server.start();
    return server;
  }

  /** `address:port`. */
  get endpoint(): string {
    return `${this.host.address('ipv4')}:${this.options.port}`;
  }

  get isRunning(): boolean {
    return this.#process !== undefined && this.#process.end === undefined;
  }

  /** Starts it again after {@link kill}, with what it had. */
  async start(): Promise<void> {
    this.#process = this.host.spawn('etcd', this.#arguments(), { name: `etcd-${this.options.port}` });
    await this.#process.waitForLine(READY, { timeoutMs: START_TIMEOUT_MS });
  }

  /** As a crash does. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#process?.exited;
  }

  /** Stops answering and keeps all connections open, as a machine does whose disk hangs; {@link goOn} ends that. */
  hang(): void {
    this.#process?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#process?.kill('SIGCONT');
  }

  /**
   * What etcdctl answers of this member.
   *
   * @throws LabError `LAB_COMMAND_FAILED` with what etcdctl said
   */
  async etcdctl(...args: readonly string[]): Promise<string> {
    return (
      await this.host.output('etcdctl', [`--endpoints=${this.endpoint}`, '--command-timeout=15s', ...args])
    ).trimEnd();
  }

  /** Whether it leads its cluster. */
  async isLeader(): Promise<boolean> {
    const [status] = JSON.parse(await this.etcdctl('endpoint', 'status', '--write-out=json')) as [EndpointStatus];
    const { leader, header } = status.Status;
    return leader === header.member_id;
  }

  get #directory(): string {
    return join(this.host.directory, `${this.host.name}-etcd-${this.options.port}`);
  }

  /** https://etcd.io/docs/v3.4/op-guide/configuration/ */
  #arguments(): string[] {
    const { port, peerPort, peerPorts = [peerPort] } = this.options;
    const peerUrl = (ofPort: number) => `http://${this.host.address('ipv4')}:${ofPort}`;
    const settings = {
      name: `member-${peerPort}`,
      'data-dir': this.#directory,
      'listen-client-urls': `http://[::]:${port}`,
      'advertise-client-urls': `http://${this.endpoint}`,
      'listen-peer-urls': peerUrl(peerPort),
      'initial-advertise-peer-urls': peerUrl(peerPort),
      'initial-cluster': peerPorts.map((ofPort) => `member-${ofPort}=${peerUrl(ofPort)}`).join(','),
      'initial-cluster-state': 'new',
    };
    return Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  }
}

/** https://etcd.io/docs/v3.4/dev-guide/api_reference_v3/, StatusResponse; ids are larger than a double's integers, but equal ones stay equal. */
interface EndpointStatus {
  readonly Status: { readonly leader: number; readonly header: { readonly member_id: number } };
}
