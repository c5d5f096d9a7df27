import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CommandResult, type StandardCluster, standardCluster, WeirCluster } from '@weir/lab';

const ENDPOINT = '10.0.0.5:2379';
/** Files that examples of weirctl are about. */
const EXAMPLES = new URL('../../../../packages/weirctl/examples/', import.meta.url);
const COMMAND_TIMEOUT_MS = 60_000;
/** What says where things are that have other places here. */
const PRELUDES: Readonly<Record<string, string>> = {
  'lb-node': 'case " $* " in *" --config "*) ;; *) set -- "$@" --config "$WEIR_CONFIG" ;; esac\n',
  'real-server': 'set -- "$@" --pin-directory "$WEIR_AGENT_PINS"\n',
};
const programs = {
  weirctl: '@weir/weirctl/bin/weirctl.js',
  'lb-node': '@weir/lb-node/bin/lb-node.js',
  'real-server': '@weir/real-server/bin/real-server.js',
};

/**
 * A cluster with the names and addresses that pages use: nodes lb1 and lb2, backends web1 and web2 of the service `web`, 198.51.100.10, etcd and
 * Redis. Commands find programs, files and sockets as on a machine where Weir is installed.
 */
export class DocumentedCluster implements AsyncDisposable {
  private constructor(
    readonly weir: WeirCluster,
    /** Commands are run in it; has the files that pages speak of. */
    readonly directory: string,
  ) {}

  static async start(): Promise<DocumentedCluster> {
    const names = { node1: 'lb1', node2: 'lb2', backend1: 'web1', backend2: 'web2' };
    const cluster = renamed(standardCluster({ nodes: 2, backends: 2, redis: true, etcd: true }), names);
    const directory = mkdtempSync(join(tmpdir(), 'weir-documentation-'));
    try {
      const weir = await WeirCluster.start({
        cluster,
        etcd: 'single',
        etcdOptions: { cluster: 'main' },
        redis: 'single',
        owners: true,
        services: ({ vip, backends }) => [
          serviceOf(
            'main',
            vip.ipv6,
            backends.map(({ ipv6 }) => ipv6),
          ),
        ],
        moreVips: ({ vip }) => [vip.ipv4],
        beforeNodes: async (etcd, { vip, backends }) => {
          const service = {
            ...serviceOf(
              'web',
              vip.ipv4,
              backends.map(({ ipv4 }) => ipv4),
            ),
            name: undefined,
          };
          await etcd.servers[0]?.etcdctl('put', '/weir/v1/main/services/web', JSON.stringify(service));
        },
      });
      const started = new DocumentedCluster(weir, directory);
      started.#installPrograms();
      started.#writeFiles();
      // The first trace has a program loaded, which takes a slow machine longer than people wait.
      await started.run('lb1', 'weirctl trace --timeout 60s 203.0.113.7:40000 198.51.100.10:80/tcp');
      return started;
    } catch (error) {
      rmSync(directory, { recursive: true });
      throw error;
    }
  }

  /** Runs a script on a host, with what a page says of paths and endpoints put where they are here. */
  async run(host: string, script: string): Promise<CommandResult> {
    const node = this.weir.nodes.find(({ host: { name } }) => name === host) ?? this.weir.nodes[0];
    const runtime = String(node?.document.runtimeDirectory);
    const { pinDirectory = '' } = (node?.document.dataplane ?? {}) as { readonly pinDirectory?: string };
    const { snapshotFile = '' } = (node?.document.etcd ?? {}) as { readonly snapshotFile?: string };
    const here = script
      .replaceAll(ENDPOINT, this.#etcdEndpoint)
      .replaceAll('/etc/weir/', `${this.directory}/`)
      .replaceAll('/run/weir/', `${runtime}/`)
      .replaceAll('/var/lib/weir/main.snapshot', snapshotFile);
    return await this.weir.lab.host(host).run('bash', ['--norc', '-euc', here], {
      cwd: this.directory,
      timeoutMs: COMMAND_TIMEOUT_MS,
      env: {
        PATH: `${join(this.directory, 'bin')}:${process.env.PATH}:/usr/sbin:/sbin`,
        WEIR_ADDRESS: `unix:${join(runtime, 'admin.sock')}`,
        WEIR_CONFIG: String(node?.configFile),
        WEIR_AGENT_PINS: join(dirname(pinDirectory), host),
        ETCDCTL_API: '3',
        ETCDCTL_ENDPOINTS: this.#etcdEndpoint,
        VTYSH: this.weir.router.shellCommand,
        NO_COLOR: '1',
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.weir[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true, force: true });
  }

  get #etcdEndpoint(): string {
    return `${this.weir.cluster.etcd?.ipv4}:2379`;
  }

  /** lb-node reads /etc/weir/weir.yaml unless it is told another file, and FRR's shell its own socket. */
  #installPrograms(): void {
    const folder = join(this.directory, 'bin');
    mkdirSync(folder);
    for (const [name, module] of Object.entries(programs)) {
      const program = `${process.execPath} ${fileURLToPath(import.meta.resolve(module))}`;
      writeScript(join(folder, name), `${PRELUDES[name] ?? ''}exec ${program} "$@"`);
    }
    writeScript(join(folder, 'vtysh'), 'PATH=/usr/bin:/bin exec $VTYSH "$@"');
  }

  /** A weir.yaml as in the quick start, and files that commands are given. */
  #writeFiles(): void {
    cpSync(EXAMPLES, this.directory, { recursive: true });
    const service = serviceOf(
      'web',
      this.weir.cluster.vip.ipv4,
      this.weir.cluster.backends.map(({ ipv4 }) => ipv4),
    );
    const files = {
      'weir.yaml': {
        node: { interfaces: this.weir.cluster.nodeInterfaces, address: '10.0.0.11' },
        bgp: { asn: 64512, peers: [{ address: '10.0.0.1', asn: 64500 }] },
        services: [service],
      },
      'services.yaml': { services: [service] },
      'restart.yaml': { kind: 'restart-nodes', nodes: 'all' },
    };
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(this.directory, name), JSON.stringify(content));
    }
  }
}

function serviceOf(name: string, vip: string, addresses: readonly string[]) {
  const backends = addresses.map((address, index) => ({ name: `web${index + 1}`, address }));
  return { name, vip, port: 80, method: 'ipip', scheduler: 'wlc', healthCheck: { kind: 'tcp' }, backends };
}

function writeScript(file: string, text: string): void {
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
}

/** The same topology with other names of hosts, wherever they stand in it. */
function renamed(cluster: StandardCluster, names: Readonly<Record<string, string>>): StandardCluster {
  const rename = (value: unknown): unknown => {
    if (typeof value === 'string') return names[value] ?? value;
    if (Array.isArray(value)) return value.map(rename);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [names[key] ?? key, rename(inner)]));
  };
  return rename(cluster) as StandardCluster;
}
