import {
  CheckedConnections,
  type CheckedServer,
  type HttpLoad,
  type HttpResult,
  NodeSupervisor,
  type ServiceDocument,
  type StandardCluster,
  startCheckedServer,
  WeirCluster,
  type WeirClusterOptions,
  waitUntil,
} from '@weir/lab';
import type { ExecutionContext } from 'ava';
import { etcdOf, nodeOf } from './etcd-cluster.js';
import { backendsOf, families, methods } from './forwarding-cases.js';

/** Of a step, of {@link RolloutCluster.rolledOut}. */
const STEP_TIMEOUT_MS = 40_000;

/** What `rollout-status/NAME` says, as far as tests look. */
export interface FoundStatus {
  readonly state: 'running' | 'paused' | 'aborting' | 'done' | 'aborted' | 'failed';
  readonly reason?: string;
  readonly waiting?: string;
  readonly leader: string;
  readonly steps: readonly { readonly target: string; readonly change: string; readonly stage: string }[];
}

/** A cluster whose nodes are changed by rollouts, with a supervisor that starts their daemons again. */
export class RolloutCluster implements AsyncDisposable {
  readonly supervisor: NodeSupervisor;

  private constructor(
    readonly weir: WeirCluster,
    readonly servers: readonly CheckedServer[],
  ) {
    this.supervisor = new NodeSupervisor(weir.nodes.slice(0, weir.nodes.length - (weir.options.spareNodes ?? 0)));
  }

  /** All ports of both VIPs: IPv4 by IPIP, IPv6 by GUE. */
  static async start(options: WeirClusterOptions): Promise<RolloutCluster> {
    const weir = await WeirCluster.start({
      etcd: 'single',
      innerMtuBytes: 1700,
      services: allPorts,
      ...options,
    });
    try {
      const servers = await Promise.all(
        weir.cluster.backends.map(({ name }) => startCheckedServer(weir.lab.host(name))),
      );
      return new RolloutCluster(weir, servers);
    } catch (error) {
      await weir[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Long connections and new ones, half of them of each family. */
  async traffic(longConnections: number): Promise<RolloutTraffic> {
    return await RolloutTraffic.start(this.weir, this.servers, longConnections);
  }

  /** Begins a rollout, or tells one that has begun something else. */
  async put(name: string, rollout: Readonly<Record<string, unknown>>): Promise<void> {
    await etcdOf(this.weir).put(`rollouts/${name}`, { checkFor: '4s', ...rollout });
  }

  /** Resolves with the status of a rollout as soon as it is as expected. */
  async statusThat(name: string, what: string, isIt: (status: FoundStatus) => boolean, timeoutMs = STEP_TIMEOUT_MS) {
    let found: FoundStatus | undefined;
    try {
      return await waitUntil(
        `rollout ${name} to ${what}`,
        async () => {
          found = (await etcdOf(this.weir).get(`rollout-status/${name}`)) as FoundStatus | undefined;
          if (found === undefined || isIt(found)) return found;
          if (found.state === 'failed') throw new Error(found.reason);
          return undefined;
        },
        { timeoutMs, intervalMs: 100 },
      );
    } catch (cause) {
      throw new Error(`rollout ${name} did not come to ${what}; it is ${JSON.stringify(found)}`, { cause });
    }
  }

  /** Carries a rollout out; resolves with its last status. */
  async rolledOut(name: string, rollout: Readonly<Record<string, unknown>>, steps: number): Promise<FoundStatus> {
    await this.put(name, rollout);
    const isOver = ({ state }: FoundStatus) => state !== 'running';
    return await this.statusThat(name, 'end', isOver, steps * STEP_TIMEOUT_MS);
  }

  /** Starts the daemon of a spare node, drained: a rollout activates it. */
  async startSpare(name: string): Promise<void> {
    await etcdOf(this.weir).put(`node-states/${name}`, { state: 'draining' });
    await nodeOf(this.weir, name).start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.supervisor[Symbol.dispose]();
    await this.weir[Symbol.asyncDispose]();
  }
}

function allPorts({ vip, backends }: StandardCluster): readonly ServiceDocument[] {
  return families.map((family) => ({
    name: family,
    vip: vip[family],
    port: 'all',
    ...methods[family === 'ipv4' ? 'ipip' : 'gue'],
    backends: backendsOf(backends, family),
  }));
}

/** Requests a second of each family, each over a connection of its own. */
const REQUESTS_PER_SECOND = 40;
/** Of a long connection; 500 of them on two cores are to leave room for the rest. */
const MESSAGE_INTERVAL_MS = 500;

/** Connections that live through all that happens, and new ones all the time. */
export class RolloutTraffic {
  private constructor(
    readonly connections: readonly CheckedConnections[],
    readonly loads: readonly HttpLoad[],
    readonly servers: readonly CheckedServer[],
  ) {}

  static async start(
    weir: WeirCluster,
    servers: readonly CheckedServer[],
    longConnections: number,
  ): Promise<RolloutTraffic> {
    const client = weir.lab.host('client');
    const count = longConnections / families.length;
    const connections = await Promise.all(
      families.map((family) =>
        CheckedConnections.open(client, { address: weir.cluster.vip[family], count, intervalMs: MESSAGE_INTERVAL_MS }),
      ),
    );
    const loads = families.map((family) =>
      weir.load({ url: weir.url(weir.cluster.vip[family]), requestsPerSecond: REQUESTS_PER_SECOND }),
    );
    await Promise.all(loads.map((load) => load.nextResult()));
    return new RolloutTraffic(connections, loads, servers);
  }

  /** That no connection was broken or refused since the last look, and no byte was wrong. */
  async assertUnharmed(t: ExecutionContext, event: string): Promise<void> {
    await Promise.all(this.connections.map((connections) => connections.roundTrip({ timeoutMs: 20_000 })));
    const reports = await Promise.all(this.connections.map((connections) => connections.report()));
    const results = this.loads.map((load) => load.take());
    const long = this.connections.length === 0 ? 0 : reports.reduce((sum, { alive }) => sum + alive, 0);
    const broken = this.connections.flatMap(({ lost }) => lost);
    const requests = results.reduce((sum, result) => sum + result.requests, 0);
    const errors = results.flatMap(errorsOf);
    t.log(
      `${event}: ${long} long connections, ${broken.length} broken; ${requests} new ones, ${errors.length} refused or failed; ` +
        `longest pause ${Math.max(...reports.map(({ pausesMs }) => pausesMs.max))} ms`,
    );
    t.deepEqual([broken, errors, this.servers.flatMap(({ mismatches }) => mismatches)], [[], [], []], event);
    t.true(requests > 0, `${event}: nobody asked for anything`);
  }

  /** Ends it all. */
  async stop(): Promise<void> {
    await Promise.all([
      ...this.connections.map((connections) => connections.close()),
      ...this.loads.map((load) => load.stop()),
    ]);
  }
}

function errorsOf({ errors }: HttpResult): string[] {
  return Object.entries(errors).flatMap(([error, count]) => Array<string>(count).fill(error));
}
