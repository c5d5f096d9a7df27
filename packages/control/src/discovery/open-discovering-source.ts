import { isDeepStrictEqual } from 'node:util';
import type { ClusterLog } from '../cluster/cluster-log.js';
import { type ClusterConfigSource, openConfigSource } from '../cluster/config-source.js';
import type { NodeConfig } from '../node-config.js';
import type { ConfigEvent } from '../watch-node-config.js';
import { DiscoveryRunner } from './discovery-runner.js';
import { withDiscovery } from './with-discovery.js';

/** A start waits so long for the first answers: with a service that is empty for a moment, packets would be lost. */
const FIRST_ANSWERS_MS = 3000;

/**
 * weir.yaml, what its section `etcd` leads to, and the backends that the `discovery` of services finds.
 * @throws {ConfigError} when the file itself is wrong; never for what a source says, or for a source that is away
 */
export async function openDiscoveringSource(
  path: string,
  options: { readonly logger: ClusterLog },
): Promise<ClusterConfigSource> {
  return discovering(await openConfigSource(path, options), options.logger);
}

/** The same configurations with the backends that are found. Owns the source. */
export async function discovering(source: ClusterConfigSource, logger: ClusterLog): Promise<ClusterConfigSource> {
  let tell: ((event?: ConfigEvent) => Promise<void>) | undefined;
  let skippedBefore: readonly string[] = [];
  const runner = new DiscoveryRunner({
    onChange: () => void tell?.(),
    onTrouble: ({ service, source, message }) =>
      logger.warn({ service, source }, `discovery for service ${service}, ${source}: ${message}`),
  });
  const joined = (config: NodeConfig): NodeConfig => {
    const { config: whole, skipped } = withDiscovery(config, runner.found());
    for (const line of skipped) if (!skippedBefore.includes(line)) logger.warn({}, `found and not used: ${line}`);
    skippedBefore = skipped;
    return whole;
  };
  runner.set(source.config);
  await runner.settled(FIRST_ANSWERS_MS);
  let inForce = joined(source.config);

  return {
    get config() {
      return inForce;
    },
    follow(callback) {
      let queue: Promise<void> = Promise.resolve();
      let isWaiting = false;
      /** One at a time; what is found while one waits is told by it. */
      tell = (event) => {
        if (event === undefined && isWaiting) return queue;
        if (event === undefined) isWaiting = true;
        queue = queue.then(async () => {
          if (event?.kind === 'refused') return callback(event);
          if (event === undefined) isWaiting = false;
          const config = joined(source.config);
          if (event === undefined && isDeepStrictEqual(config, inForce)) return;
          inForce = config;
          await callback({ kind: 'changed', config });
        });
        return queue;
      };
      source.follow((event) => {
        if (event.kind === 'changed') runner.set(event.config);
        return (tell as (event: ConfigEvent) => Promise<void>)(event);
      });
      // What was found since the start.
      void tell();
    },
    reload: () => source.reload(),
    status: () => source.status(),
    register: (record) => source.register(record),
    nodes: () => source.nodes(),
    async [Symbol.asyncDispose]() {
      tell = undefined;
      await source[Symbol.asyncDispose]();
      await runner[Symbol.asyncDispose]();
    },
  };
}
