import { eventually } from '@weir/errors/test-support';
import type { EtcdConfig } from '../cluster-config.js';
import { EtcdServer } from '../test-support/etcd-server.js';
import { LogBook } from '../test-support/open-source.js';
import { type FakeNode, FakeNodes } from './fake-nodes.fixture.js';
import { listRollouts } from './rollout-client.js';
import { startRolloutDriver } from './rollout-driver.js';
import type { RolloutStatus } from './rollout-status.js';

const PREFIX = '/weir/v1/main';
function configOf(server: EtcdServer): EtcdConfig {
  return {
    cluster: 'main',
    endpoints: [server.endpoint],
    snapshotFile: '/nonexistent',
    leaseMs: 10_000,
    timeoutMs: 2000,
  };
}

/** etcd with fake nodes that are registered in it, and drivers. */
export class RolloutFixture implements AsyncDisposable {
  readonly log = new LogBook();
  readonly #owned: AsyncDisposable[] = [];

  private constructor(
    readonly server: EtcdServer,
    readonly config: EtcdConfig,
    readonly cluster: FakeNodes,
  ) {}

  static async start(...nodes: FakeNode[]): Promise<RolloutFixture> {
    const server = await EtcdServer.start();
    const config = configOf(server);
    const cluster = new FakeNodes(config, ...nodes);
    const fixture = new RolloutFixture(server, config, cluster);
    fixture.#owned.push(server, cluster);
    await eventually('all nodes', async () => (await fixture.get('nodes/')).size === nodes.length);
    return fixture;
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
