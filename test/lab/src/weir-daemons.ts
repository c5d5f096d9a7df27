import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { Lab } from './lab.js';
import { LabError } from './lab-error.js';
import type { LabHost } from './lab-host.js';
import type { LabProcess } from './lab-process.js';
import type { ClusterHost, ClusterNode } from './standard-cluster.js';

const LB_NODE = fileURLToPath(import.meta.resolve('@weir/lb-node/dist/main.js'));
/** Path of the program. */
export const REAL_SERVER = fileURLToPath(import.meta.resolve('@weir/real-server/dist/main.js'));
/** Node.js alone takes seconds to start on a machine that does other things too. */
const START_TIMEOUT_MS = 60_000;

/** A document weir.yaml, before it is written. */
export type WeirDocument = Readonly<Record<string, unknown>> & { readonly services: readonly object[] };

/** What the nodes of a lab have in common, and what differs by host. */
export interface WeirNodeOptions {
  readonly host: ClusterNode;
  readonly router: ClusterHost;
  readonly interfaces: readonly string[];
  readonly services: readonly object[];
  /** AS numbers of nodes and router. Default 64512 and 64500. */
  readonly asn?: number;
  readonly routerAsn?: number;
  readonly holdTime?: string;
  readonly drain?: string;
  /** Where packets are forwarded. Default xdp. */
  readonly engine?: 'xdp' | 'portable';
  /** XDP mode. Default auto. */
  readonly mode?: 'auto' | 'native' | 'generic';
  /** More keys of `dataplane`. */
  readonly dataplane?: Readonly<Record<string, unknown>>;
  readonly guard?: Readonly<Record<string, unknown>>;
  /** More keys of `bgp`. */
  readonly bgp?: Readonly<Record<string, unknown>>;
  /** More sections: `state`, `nodes`. */
  readonly sections?: Readonly<Record<string, unknown>>;
}

/** The document for a node of a lab, as an operator would write it. */
export function weirDocument(lab: Lab, options: WeirNodeOptions): WeirDocument {
  const {
    host,
    router,
    services,
    asn = 64512,
    routerAsn = 64500,
    holdTime = '30s',
    drain = '2s',
    engine = 'xdp',
    mode = 'auto',
    dataplane = {},
    guard,
    bgp = {},
    sections = {},
  } = options;
  return {
    node: {
      name: host.name,
      interfaces: options.interfaces,
      address: host.ipv4,
      address6: host.ipv6,
      localAddresses: host.localAddresses,
    },
    dataplane: {
      engine,
      mode,
      pinDirectory: join(bpffsOf(lab), host.name),
      maxServices: 16,
      maxBackends: 64,
      ...dataplane,
    },
    ...(guard === undefined ? {} : { guard }),
    bgp: {
      asn,
      peers: [{ address: router.ipv4, asn: routerAsn, holdTime }],
      overridesFile: join(lab.directory, host.name, 'announce.json'),
      ...bgp,
    },
    metrics: { listen: '127.0.0.1:9646' },
    runtimeDirectory: join(lab.directory, host.name),
    shutdown: { drain },
    services,
    ...sections,
  };
}

/** A node of a lab: its lb-node daemon, its configuration file. */
export class WeirNode {
  readonly host: LabHost;
  readonly configFile: string;
  #process: LabProcess | undefined;
  #document: WeirDocument;

  constructor(lab: Lab, hostName: string, document: WeirDocument) {
    this.host = lab.host(hostName);
    this.configFile = join(lab.directory, `${hostName}.weir.yaml`);
    mkdirSync(join(lab.directory, hostName), { recursive: true });
    this.#document = document;
    this.write(document);
  }

  /** What was written last. */
  get document(): WeirDocument {
    return this.#document;
  }

  /** The daemon of this moment. */
  get process(): LabProcess {
    if (this.#process === undefined)
      throw new LabError('LAB_NOT_STARTED', `lb-node on ${this.host.name} was not started`);
    return this.#process;
  }

  /** Writes the configuration; a daemon that runs notices. */
  write(document: WeirDocument): void {
    this.#document = document;
    // Renamed into place, as editors and configuration management do: never half a file.
    writeFileSync(`${this.configFile}.new`, stringify(document));
    renameSync(`${this.configFile}.new`, this.configFile);
  }

  /** Starts the daemon and waits until it says that it is ready. */
  async start(): Promise<LabProcess> {
    this.#process = this.host.spawn(process.execPath, [LB_NODE, '--config', this.configFile], { name: 'lb-node' });
    await this.#process.waitForLine(/"msg":"ready"/, { timeoutMs: START_TIMEOUT_MS });
    return this.#process;
  }

  /** Says what operators want of a VIP: `lb-node announce VIP on|off|auto`. */
  async announce(vip: string, how: 'on' | 'off' | 'auto'): Promise<string> {
    return await this.host.output(process.execPath, [LB_NODE, '--config', this.configFile, 'announce', vip, how]);
  }

  /** What `lb-node announce` shows. */
  async listAnnounced(): Promise<string> {
    return await this.host.output(process.execPath, [LB_NODE, '--config', this.configFile, 'announce']);
  }

  /** What the data plane has counted, read from its pinned tables. */
  async counters(): Promise<NodeCounters> {
    return JSON.parse(
      await this.host.output(process.execPath, [LB_NODE, '--config', this.configFile, 'counters', '--json']),
    ) as NodeCounters;
  }
}

/** The answer of `lb-node counters --json`. */
export interface NodeCounters {
  readonly services: readonly {
    readonly vip: string;
    readonly port: number;
    readonly packets: number;
    readonly bytes: number;
    readonly backends: readonly BackendCounters[];
  }[];
  /** To other nodes. */
  readonly handovers: readonly { readonly address: string; readonly packets: number }[];
  readonly drops: Readonly<Record<string, number>>;
  /** Where the configuration has `state`. */
  readonly sharing?: SharingCounters;
  /** Where some backend has a health check, of a daemon that runs. */
  readonly health?: { readonly backends: readonly BackendHealthCounters[] };
}

/** What a node thinks of a backend. */
export interface BackendHealthCounters {
  readonly service: string;
  readonly backend: string;
  readonly verdict: 'up' | 'down';
  readonly isHeld: boolean;
  readonly goodProbes: number;
  readonly badProbes: number;
}

/** What a node has counted of the flows that it shares with others. */
export interface SharingCounters {
  readonly dataplane: {
    readonly told: number;
    readonly ended: number;
    readonly missed: number;
    readonly overRate: number;
    readonly lost: number;
    readonly adopted: number;
  };
  readonly takeover: {
    readonly lookups: number;
    readonly found: number;
    readonly unknown: number;
    readonly unavailable: number;
    readonly takenOver: number;
    /** Packets by what became of them. */
    readonly settled: Readonly<Record<string, number>>;
    readonly dropped: number;
  };
  readonly store: {
    readonly isAvailable: boolean;
    readonly told: number;
    readonly refreshed: number;
    readonly ended: number;
    /** Records that are no record of what was asked for. */
    readonly foreign: number;
    readonly yielded: number;
  };
}

/** What a node has counted for a backend of a service. */
export interface BackendCounters {
  readonly address: string;
  readonly packets: number;
  readonly bytes: number;
  /** Of flows that are remembered. */
  readonly activeConnections: number;
  readonly inactiveConnections: number;
}

/** Starts the agent of a backend and waits until it says that it is ready. */
export async function startRealServer(
  lab: Lab,
  hostName: string,
  options: {
    readonly interface: string;
    readonly vips: readonly string[];
    readonly decap?: string;
    /** More of its command line. */
    readonly flags?: readonly string[];
  },
): Promise<LabProcess> {
  const { vips, decap = 'ipip,gre,gue', flags = [] } = options;
  const agent = lab
    .host(hostName)
    .spawn(
      process.execPath,
      [
        REAL_SERVER,
        '--interface',
        options.interface,
        ...vips.flatMap((vip) => ['--vip', vip]),
        '--decap',
        decap,
        ...flags,
        '--pin-directory',
        join(bpffsOf(lab), hostName),
      ],
      { name: 'real-server' },
    );
  await agent.waitForLine(/"msg":"ready"/, { timeoutMs: START_TIMEOUT_MS });
  return agent;
}

function bpffsOf(lab: Lab): string {
  if (lab.bpffsDirectory !== undefined) return lab.bpffsDirectory;
  throw new LabError(
    'LAB_NO_BPFFS',
    'no BPF file system is mounted at /sys/fs/bpf, and none could be mounted there (mount -t bpf bpf /sys/fs/bpf)',
  );
}
