import { eventually } from '@weir/errors/test-support';
import type { EtcdConfig } from '../cluster-config.js';
import { listRollouts } from '../rollout/rollout-client.js';
import { startRolloutDriver } from '../rollout/rollout-driver.js';
import type { RolloutStatus } from '../rollout/rollout-status.js';
import { EtcdServer } from './etcd-server.js';
import { type FakeNode, FakeNodes } from './fake-nodes.js';
import { LogBook } from './open-source.js';

const PREFIX = '/weir/v1/main';
function configOf(server: EtcdServer): EtcdConfig {
  return {
    cluster: 'main',
    endpoints: [server.endpoint],
    snapshotFile: '/nonexistent',
    leaseMs: 10_000,
    // No test waits for it to pass, and etcd may stand still for seconds.
    timeoutMs: 20_000,
  };
}

/** etcd with fake nodes that are registered in it, and drivers. */
export class RolloutCluster implements AsyncDisposable {
  readonly log = new LogBook();
  readonly #owned: AsyncDisposable[] = [];

  private constructor(
    readonly server: EtcdServer,
    readonly config: EtcdConfig,
    readonly fakes: FakeNodes,
  ) {}

  static async start(...nodes: FakeNode[]): Promise<RolloutCluster> {
    const server = await EtcdServer.start();
    const config = configOf(server);
    const fakes = new FakeNodes(config, ...nodes);
    const made = new RolloutCluster(server, config, fakes);
    made.#owned.push(server, fakes);
    await eventually('all nodes', async () => (await made.get('nodes/')).size === nodes.length);
    return made;
  }

  startDriver(name = 'lb1'): ReturnType<typeof startRolloutDriver> {
    const driver = startRolloutDriver({ config: this.config, name, logger: this.log });
    this.#owned.push(driver);
    return driver;
  }

  async get(prefix: string): Promise<Map<string, string>> {
    const text = await this.server.etcdctl('get', '--prefix', `${PREFIX}/${prefix}`);
    const lines = text.trimEnd().split('\n');
    return new Map(
      lines.flatMap((line, at) => (at % 2 === 1 ? [[(lines[at - 1] as string).slice(PREFIX.length + 1), line]] : [])),
    );
  }

  async put(key: string, value: object): Promise<void> {
    await this.server.etcdctl('put', `${PREFIX}/${key}`, JSON.stringify(value));
  }

  async status(name: string): Promise<RolloutStatus | undefined> {
    return (await listRollouts(this.config)).find((rollout) => rollout.name === name)?.status;
  }

  async until(name: string, state: RolloutStatus['state']): Promise<RolloutStatus> {
    return eventually(`${name} ${state}`, async () => {
      const status = await this.status(name);
      return status?.state === state ? status : undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const owned of this.#owned.toReversed()) await owned[Symbol.asyncDispose]();
  }
}
