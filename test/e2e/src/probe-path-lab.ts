import { fileURLToPath } from 'node:url';
import { type ForwardingMethod, type ProbeRoute, probeMark } from '@weir/dataplane';
import {
  type ClusterHost,
  Lab,
  type LabHost,
  type LabProcess,
  type StandardCluster,
  standardCluster,
  startNginx,
  startRealServer,
} from '@weir/lab';
import { type Family, families } from './forwarding-cases.js';

const FIXTURE = fileURLToPath(new URL('probe-path.fixture.js', import.meta.url));

/** Ways of traffic that probes take. */
export const probedMethods = {
  dr: { method: 'dr' },
  ipip: { method: 'ipip' },
  gre: { method: 'gre' },
  gue: { method: 'gue', port: 6080, header: 'gue' },
  fou: { method: 'gue', port: 5555, header: 'none' },
  hops: { method: 'gue', port: 19523, header: 'hops' },
} as const satisfies Record<string, ForwardingMethod>;

/** One probe of one backend. */
export interface ProbeCase {
  readonly name: string;
  readonly method: keyof typeof probedMethods;
  readonly backend: string;
  readonly route: ProbeRoute;
}

/** Two backends with the same VIPs behind a node that has no daemon, and the routes of one. */
export class ProbePathLab implements AsyncDisposable {
  /** On a cluster that is up, of one node; {@link start} makes one. */
  constructor(
    readonly lab: Lab,
    readonly cluster: StandardCluster,
  ) {}

  static async start(innerMtuBytes = 1600): Promise<ProbePathLab> {
    const cluster = standardCluster({ nodes: 1, backends: 2, innerMtuBytes });
    const lab = await Lab.start(cluster.topology);
    try {
      const vips = Object.values(cluster.vip);
      const peers = [...cluster.nodes, ...cluster.backends].flatMap(({ ipv4, ipv6 }) => [
        '--peer',
        ipv4,
        '--peer',
        ipv6,
      ]);
      for (const { name } of cluster.backends) {
        await startNginx(lab.host(name));
        const options = { interface: cluster.interface, vips, decap: 'ipip,gre,gue,fou,second_chance', flags: peers };
        await startRealServer(lab, name, options);
      }
      for (const vip of vips) await lab.host('node1').output('ip', ['route', 'add', 'unreachable', vip]);
      // As lb-node has them: the kernel tells a BPF program only of routes from interfaces that forward.
      const settings = ['net.ipv4.conf.lan.forwarding=1', 'net.ipv6.conf.lan.forwarding=1'];
      await lab.host('node1').output('sysctl', ['-w', ...settings]);
      return new ProbePathLab(lab, cluster);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  get node(): LabHost {
    return this.lab.host('node1');
  }

  /** Each backend by a method, from each family to each. */
  cases(method: keyof typeof probedMethods, from = families, over = families): ProbeCase[] {
    const cases: ProbeCase[] = [];
    for (const vip of from) {
      for (const outer of over) {
        for (const backend of this.cluster.backends) cases.push(this.#case(method, vip, outer, backend));
      }
    }
    return cases;
  }

  #case(method: keyof typeof probedMethods, vip: Family, outer: Family, backend: ClusterHost): ProbeCase {
    const kind = [...Object.keys(probedMethods)].indexOf(method);
    const number =
      (kind << 8) | (families.indexOf(vip) << 5) | (families.indexOf(outer) << 4) | Number(backend.name.at(-1));
    return {
      name: `${vip} by ${method} over ${outer} to ${backend.name}`,
      method,
      backend: backend.name,
      route: {
        mark: probeMark(number),
        vip: this.cluster.vip[vip],
        backend: backend[outer],
        forwarding: probedMethods[method],
      },
    };
  }

  /** Starts what holds the path of probes, and returns when it is there. */
  async holdPath(cases: readonly ProbeCase[]): Promise<LabProcess> {
    const { ipv4, ipv6 } = this.cluster.nodes[0] as ClusterHost;
    const wanted = { interfaces: ['lan'], routes: cases.map(({ route }) => route), sources: { ipv4, ipv6 } };
    const holder = this.node.spawn(process.execPath, [FIXTURE, JSON.stringify(wanted)], { name: 'probe-path' });
    await holder.waitForLine(/^ready$/);
    return holder;
  }

  /** An HTTP request to the VIP from a socket with the mark: who answers, and whom it saw; or what went wrong. */
  async probe({ route: { vip, mark } }: ProbeCase, bodyBytes = 0): Promise<string> {
    const program = `
import json, socket
probe = socket.socket(socket.AF_INET6 if ':' in '${vip}' else socket.AF_INET)
probe.setsockopt(socket.SOL_SOCKET, 36, ${mark})
probe.settimeout(3)
try:
    probe.connect(('${vip}', 80))
    probe.sendall(b'POST / HTTP/1.0\\r\\nContent-Length: ${bodyBytes}\\r\\n\\r\\n' + b'x' * ${bodyBytes})
    answer = b''
    while part := probe.recv(65536): answer += part
    page = json.loads(answer.split(b'\\r\\n\\r\\n', 1)[1])
    print(page['backend'], 'saw', page['remoteAddress'])
except OSError as error:
    print(error)
`;
    return (await this.node.output('/usr/bin/python3', ['-c', program])).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}
