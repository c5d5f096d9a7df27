import { EtcdServer } from './etcd-server.js';
import { LabError } from './lab-error.js';
import type { LabHost } from './lab-host.js';

export const ETCD_PORT = 2379;
const PEER_PORT = 2380;
const MEMBERS = 3;
/** Of the Weir cluster in a lab. */
const CLUSTER = 'lab';
const ROOT = `/weir/v1/${CLUSTER}/`;

/** One etcd, or a cluster of them, and what nodes of a lab find there. Keys are relative to `/weir/v1/lab/`. */
export class EtcdDeployment {
  constructor(readonly servers: readonly EtcdServer[]) {}

  /** What `etcd` of weir.yaml has at least. */
  get document(): Readonly<Record<string, unknown>> {
    return { cluster: CLUSTER, endpoints: this.servers.map(({ endpoint }) => endpoint) };
  }

  /** Puts a value as JSON. */
  async put(key: string, value: unknown, { lease }: { readonly lease?: string } = {}): Promise<void> {
    await this.putText(key, JSON.stringify(value), lease);
  }

  /** Puts whatever text. */
  async putText(key: string, text: string, lease?: string): Promise<void> {
    await this.#running.etcdctl('put', ...(lease === undefined ? [] : [`--lease=${lease}`]), `${ROOT}${key}`, text);
  }

  async delete(key: string): Promise<void> {
    await this.#running.etcdctl('del', `${ROOT}${key}`);
  }

  /** The value of a key; undefined without one. */
  async get(key: string): Promise<unknown> {
    const text = await this.#running.etcdctl('get', '--print-value-only', `${ROOT}${key}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  /** A lease of its own, as hexadecimal digits: it expires after this many seconds unless somebody keeps it alive. */
  async grantLease(seconds: number): Promise<string> {
    const answer = await this.#running.etcdctl('lease', 'grant', String(seconds));
    const lease = /^lease ([0-9a-f]+) granted/.exec(answer)?.[1];
    if (lease === undefined) throw new LabError('LAB_COMMAND_FAILED', `expected a lease, etcdctl said ${answer}`);
    return lease;
  }

  /** Ends a lease before its time; the keys under it are gone. */
  async revokeLease(lease: string): Promise<void> {
    await this.#running.etcdctl('lease', 'revoke', lease);
  }

  /** Of the newest change. */
  async revision(): Promise<string> {
    const status = await this.#running.etcdctl('endpoint', 'status', '--write-out=json');
    const revision = /"revision":(\d+)/.exec(status)?.[1];
    if (revision === undefined) throw new LabError('LAB_COMMAND_FAILED', `expected a revision, found ${status}`);
    return revision;
  }

  /** Forgets all that was before this moment: who watches from then on has missed it. */
  async compact(): Promise<void> {
    await this.#running.etcdctl('compaction', await this.revision());
  }

  /** The member that leads, if there is one. */
  async leader(): Promise<EtcdServer> {
    for (const server of this.servers) if (server.isRunning && (await server.isLeader())) return server;
    throw new LabError('LAB_NOT_STARTED', 'no etcd of this lab is a leader');
  }

  get #running(): EtcdServer {
    const server = this.servers.find(({ isRunning }) => isRunning);
    if (server === undefined) throw new LabError('LAB_NOT_STARTED', 'no etcd of this lab runs');
    return server;
  }
}

/** Starts one etcd. */
export async function startEtcd(host: LabHost): Promise<EtcdDeployment> {
  return new EtcdDeployment([await EtcdServer.start(host, { port: ETCD_PORT, peerPort: PEER_PORT })]);
}

/** Starts a cluster of three, and returns when all answer. */
export async function startEtcdCluster(host: LabHost): Promise<EtcdDeployment> {
  const indexes = Array.from({ length: MEMBERS }, (_, index) => index);
  const peerPorts = indexes.map((index) => PEER_PORT + 10 * index);
  const servers = indexes.map((index) => {
    const peerPort = PEER_PORT + 10 * index;
    return EtcdServer.start(host, { port: ETCD_PORT + 10 * index, peerPort, peerPorts });
  });
  return new EtcdDeployment(await Promise.all(servers));
}
