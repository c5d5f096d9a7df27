import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError, type LabHost, WeirCluster, type WeirDocument } from '@weir/lab';
import { stringify } from 'yaml';
import { type BuiltImage, builtImage } from './built-image.js';
import type { ImageMount, ImageRun } from './image-run.js';
import { type ImageContainer, runImage } from './image-runtime.js';

/** What the DaemonSets of the chart ask for; everything else is dropped. */
export const NODE_CAPABILITIES = ['NET_ADMIN', 'BPF', 'PERFMON', 'NET_RAW', 'NET_BIND_SERVICE'];
export const AGENT_CAPABILITIES = ['NET_ADMIN', 'BPF', 'PERFMON', 'NET_RAW'];

/** Where the image is run as: its own user, or root as a Pod that may not escalate its privileges. */
export const AS_IMAGE_USER = {} satisfies Partial<ImageRun>;
export const AS_POD = { user: { uid: 0, gid: 0 }, allowPrivilegeEscalation: false } satisfies Partial<ImageRun>;

/** Where programs pin what outlives them, below {@link BPFFS}, unless they are told another place. */
const NODE_PINS = 'weir';
const AGENT_PINS = 'weir-real-server';
const BPFFS = '/sys/fs/bpf';
/** Node.js alone takes seconds to start on a machine that does other things too. */
const START_TIMEOUT_MS = 60_000;

/** What the host has to set itself, for /proc/sys is read-only in containers. */
const NODE_SETTINGS = [
  'net.ipv4.conf.lan.forwarding=1',
  'net.ipv6.conf.lan.forwarding=1',
  'net.ipv6.conf.lan.proxy_ndp=1',
];
const BACKEND_SETTINGS = ['all', 'lan'].flatMap((name) => [
  `net.ipv4.conf.${name}.arp_ignore=1`,
  `net.ipv4.conf.${name}.arp_announce=2`,
  `net.ipv4.conf.${name}.rp_filter=2`,
]);

/** Two nodes and two backends whose programs run in containers, behind the lab's router. */
export class ContainerCluster implements AsyncDisposable {
  private constructor(
    readonly weir: WeirCluster,
    readonly image: BuiltImage,
  ) {}

  /** Resolves when the hosts are there, and nginx on the backends; no container runs. */
  static async start(): Promise<ContainerCluster> {
    const image = await builtImage();
    const weir = await WeirCluster.start({ nodes: 2, spareNodes: 2, backends: 2, decap: undefined });
    try {
      for (const { name } of weir.cluster.nodes) await weir.lab.host(name).output('sysctl', ['-qw', ...NODE_SETTINGS]);
      for (const { name } of weir.cluster.backends) {
        await weir.lab.host(name).output('sysctl', ['-qw', ...BACKEND_SETTINGS]);
      }
      return new ContainerCluster(weir, image);
    } catch (error) {
      await weir[Symbol.asyncDispose]();
      throw error;
    }
  }

  node(index: number): LabHost {
    return this.weir.lab.host(this.weir.cluster.nodes[index]?.name ?? '');
  }

  backend(index: number): LabHost {
    return this.weir.lab.host(this.weir.cluster.backends[index]?.name ?? '');
  }

  /** weir.yaml of a node as its container needs it: paths are those of the image. */
  document(index: number): WeirDocument {
    const { runtimeDirectory: _, ...document } = this.weir.nodes[index]?.document ?? { services: [] };
    return {
      ...document,
      dataplane: { ...(document.dataplane as object), pinDirectory: join(BPFFS, NODE_PINS) },
      bgp: { ...(document.bgp as object), overridesFile: '/var/lib/weir/announce.json' },
    };
  }

  /** Starts lb-node on the host of a node, with that configuration; it may not be ready yet. */
  async startNode(
    index: number,
    run: Partial<ImageRun> = {},
    document = this.document(index),
  ): Promise<ImageContainer> {
    const host = this.node(index);
    const etc = join(host.directory, `${host.name}-etc`);
    mkdirSync(etc, { recursive: true });
    writeFileSync(join(etc, 'weir.yaml'), stringify(document));
    chmodSync(etc, 0o755);
    const options = {
      args: ['lb-node', '--config', '/etc/weir/weir.yaml'],
      name: 'lb-node',
      capabilities: NODE_CAPABILITIES,
      emptyDirectories: ['/run/weir', '/var/lib/weir', '/tmp'],
      ...run,
      mounts: [{ source: etc, destination: '/etc/weir', readOnly: true }, this.#bpffs(host, NODE_PINS, run)],
    };
    return await runImage(host, options, this.image);
  }

  /** Starts the agent of a backend and waits until it is ready. */
  async startAgent(index: number, run: Partial<ImageRun> = {}): Promise<ImageContainer> {
    const host = this.backend(index);
    const { ipv4, ipv6 } = this.weir.cluster.vip;
    const container = await runImage(
      host,
      {
        args: ['real-server', '--interface', 'lan', '--vip', ipv4, '--vip', ipv6],
        name: 'real-server',
        capabilities: AGENT_CAPABILITIES,
        emptyDirectories: ['/tmp'],
        ...run,
        mounts: [this.#bpffs(host, AGENT_PINS, run)],
      },
      this.image,
    );
    await container.process.waitForLine(/"msg":"ready"/, { timeoutMs: START_TIMEOUT_MS });
    return container;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.weir[Symbol.asyncDispose]();
  }

  /** What is the host's own of the machine's BPF file system, as if it were all of it, with a folder for the user. */
  #bpffs(host: LabHost, pins: string, { user }: Partial<ImageRun>): ImageMount {
    const { bpffsDirectory } = this.weir.lab;
    if (bpffsDirectory === undefined) throw new LabError('LAB_NO_BPFFS', `no BPF file system is mounted at ${BPFFS}`);
    const [uid = 0, gid = 0] = this.image.config.User.split(':').map(Number);
    const source = join(bpffsDirectory, host.name);
    mkdirSync(join(source, pins), { recursive: true });
    chownSync(join(source, pins), user?.uid ?? uid, user?.gid ?? gid);
    return { source, destination: BPFFS };
  }
}

/** Waits until a node's container says that it is ready. */
export async function ready(container: ImageContainer): Promise<ImageContainer> {
  await container.process.waitForLine(/"msg":"ready"/, { timeoutMs: START_TIMEOUT_MS });
  return container;
}
