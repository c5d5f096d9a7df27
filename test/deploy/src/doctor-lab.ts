import { fileURLToPath } from 'node:url';
import {
  type EtcdDeployment,
  type FrrRouter,
  Lab,
  type LabHost,
  REAL_SERVER,
  type RedisDeployment,
  standardCluster,
  startEtcd,
  startRealServer,
  startRedis,
  startRouter,
  WeirNode,
  weirDocument,
} from '@weir/lab';

const NODE_ASN = 64512;
const ROUTER_ASN = 64500;
/** Node.js alone takes seconds to start on a machine that does other things too. */
const TIMEOUT_MS = 90_000;

export const WEIRCTL = fileURLToPath(import.meta.resolve('@weir/weirctl/bin/weirctl.js'));
export const LB_NODE = fileURLToPath(import.meta.resolve('@weir/lb-node/dist/main.js'));
export { REAL_SERVER };

/** A finding of `weirctl doctor -o json`. */
export interface DoctorFinding {
  readonly check: string;
  readonly verdict: 'ok' | 'skipped' | 'warning' | 'fault';
  readonly about?: string;
  readonly found: string;
  readonly wanted?: string;
  readonly cure?: string;
  readonly commands?: readonly string[];
}

/** A node and a backend that are as they should be, with a router, etcd and Redis. */
export class DoctorLab implements AsyncDisposable {
  private constructor(
    readonly lab: Lab,
    readonly router: FrrRouter,
    readonly etcd: EtcdDeployment,
    readonly redis: RedisDeployment,
    readonly node: WeirNode,
    readonly backend: LabHost,
    readonly backendArguments: readonly string[],
  ) {}

  static async start(): Promise<DoctorLab> {
    const cluster = standardCluster({ nodes: 1, backends: 1, redis: true, etcd: true, name: 'doctor' });
    const lab = await Lab.start(cluster.topology);
    const [host] = cluster.nodes;
    const [backend] = cluster.backends;
    if (host === undefined || backend === undefined) throw new Error('expected a node and a backend');
    const neighbors = [{ address: host.ipv4, remoteAs: NODE_ASN }];
    const [router, etcd, redis] = await Promise.all([
      startRouter(lab.host('router'), { asn: ROUTER_ASN, routerId: cluster.router.ipv4, neighbors }),
      startEtcd(lab.host('etcd')),
      startRedis(lab.host('redis')),
      startRealServer(lab, backend.name, { interface: cluster.interface, vips: [cluster.vip.ipv4, cluster.vip.ipv6] }),
    ]);
    const node = new WeirNode(
      lab,
      host.name,
      weirDocument(lab, {
        host,
        router: cluster.router,
        interfaces: cluster.nodeInterfaces,
        asn: NODE_ASN,
        routerAsn: ROUTER_ASN,
        services: [
          { name: 'web', vip: cluster.vip.ipv4, port: 80, method: 'gue', backends: [{ address: backend.ipv4 }] },
        ],
        sections: {
          etcd: { ...etcd.document, snapshotFile: `${lab.directory}/doctor.snapshot` },
          state: { store: 'redis', redis: redis.document },
        },
      }),
    );
    await node.start();
    await router.waitForRoutes(`${cluster.vip.ipv4}/32`, 1, { timeoutMs: 30_000 });
    const vips = [cluster.vip.ipv4, cluster.vip.ipv6].flatMap((vip) => ['--vip', vip]);
    const backendArguments = ['--role', 'backend', '--interface', cluster.interface, ...vips];
    return new DoctorLab(lab, router, etcd, redis, node, lab.host(backend.name), backendArguments);
  }

  /** What the doctor says of the node; `prefix` runs it, such as `setpriv`. */
  async ofNode(only: readonly string[] = [], prefix: readonly string[] = []): Promise<readonly DoctorFinding[]> {
    return await this.ofNodeWith(this.node.configFile, only, prefix);
  }

  /** The same, by another configuration. */
  async ofNodeWith(
    configFile: string,
    only: readonly string[] = [],
    prefix: readonly string[] = [],
  ): Promise<readonly DoctorFinding[]> {
    return await askDoctor(this.node.host, ['--config', configFile, ...onlyArguments(only)], prefix);
  }

  /** What the doctor says of the backend; later arguments count. */
  async ofBackend(
    only: readonly string[] = [],
    args: readonly string[] = this.backendArguments,
    prefix: readonly string[] = [],
  ): Promise<readonly DoctorFinding[]> {
    return await askDoctor(this.backend, [...args, ...onlyArguments(only)], prefix);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}

/** Runs commands that a finding has, as an operator would paste them. */
export async function runCommands(host: LabHost, commands: readonly string[] = []): Promise<void> {
  for (const command of commands) await host.output('sh', ['-ec', command]);
}

/** A program under another one, such as `setpriv`; its output, whatever its exit code. */
export async function runProgram(
  host: LabHost,
  args: readonly string[],
  prefix: readonly string[] = [],
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const [program = process.execPath, ...rest] = [...prefix, process.execPath, ...args];
  return await host.run(program, rest, { timeoutMs: TIMEOUT_MS });
}

function onlyArguments(only: readonly string[]): readonly string[] {
  return only.length === 0 ? [] : ['--only', ...only];
}

async function askDoctor(
  host: LabHost,
  args: readonly string[],
  prefix: readonly string[] = [],
): Promise<readonly DoctorFinding[]> {
  const { code, stdout, stderr } = await runProgram(host, [WEIRCTL, 'doctor', '-o', 'json', ...args], prefix);
  const checks = readAnswer(stdout, stderr);
  const findings = checks.flatMap(({ check, findings }) => findings.map((finding) => ({ ...finding, check })));
  const hasFault = findings.some(({ verdict }) => verdict === 'fault');
  if (code !== (hasFault ? 1 : 0))
    throw new Error(`doctor ended with ${code}, expected ${hasFault ? 1 : 0}: ${stderr}`);
  return findings;
}

function readAnswer(stdout: string, stderr: string) {
  try {
    return JSON.parse(stdout) as readonly { check: string; findings: readonly Omit<DoctorFinding, 'check'>[] }[];
  } catch (cause) {
    throw new Error(`doctor printed no JSON: ${stdout}${stderr}`, { cause });
  }
}
